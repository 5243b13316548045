import { type InstanceStatus, type SystemStatus, timeOf } from "../host/system-status.ts";

const COLUMNS = ["INSTANCE", "MODULES", "VERSION", "STATE", "UP SINCE", "IN FLIGHT"];
const RATES = ["CALLS/S", "ERRORS/S", "OPEN BREAKERS"];

/** A system's status as text: its instances, then what lags, then what is not well. */
export function statusText(status: SystemStatus): string {
  const { topologies, instances, missing, lags, blocking, faults } = status;
  const rows = [
    [...COLUMNS, ...RATES],
    ...instances.map(rowOf),
    ...missing.map((name) => [name, "-", "-", "missing", "-", "-", "-", "-", "-"]),
  ];
  const behind = lags
    .filter((one) => one.behind > 0)
    .map(
      ({ reader, producer, behind }) => `${reader} is ${behind} behind in ${producer}'s events.`,
    );
  const health =
    faults.length === 0
      ? ["All is well."]
      : ["Not all is well:", ...faults.map((fault) => `  ${fault}`)];
  const topology = topologies.length === 0 ? [] : [`topology ${topologies.join(" and ")}`, ""];
  return [...topology, ...aligned(rows), "", ...behind, ...blocking, ...health].join("\n");
}

function rowOf(instance: InstanceStatus): string[] {
  const { modules, version, state, startedAtMs, inFlight } = instance;
  const names = modules
    .filter(({ role }) => role !== "gateway")
    .map(({ name, role }) => (role === "reader" ? `${name} (reader)` : name));
  const isGateway = names.length < modules.length;
  return [
    instance.instance,
    [...(isGateway ? ["gateway"] : []), ...names].join(" "),
    version,
    state,
    timeOf(startedAtMs),
    inFlight === null ? "-" : String(inFlight),
    rate(instance.callsPerSecond),
    rate(instance.errorsPerSecond),
    instance.openCircuits.length === 0 ? "-" : instance.openCircuits.join(", "),
  ];
}

function rate(perSecond: number | null): string {
  return perSecond === null ? "-" : perSecond.toFixed(1);
}

function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}
