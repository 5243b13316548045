// Preloaded into a process, it sets the process's wall clock forward or back.

const shiftMs = Number(process.env["CLOCK_SHIFT_MS"] ?? "0");
const machineNow = Date.now;
Date.now = () => machineNow() + shiftMs;
