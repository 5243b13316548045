import { statfsSync } from "node:fs";

/** With less, databases and a nats-server cannot be opened, in bytes. */
const ROOM_BYTES_MIN = 4 * 1024 * 1024;

/** Reports whether a folder's volume has room to start a process in; true when nobody knows. */
export function hasRoom(folder: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize >= ROOM_BYTES_MIN;
  } catch {
    return true;
  }
}
