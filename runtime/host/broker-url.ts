import { existsSync, readFileSync } from "node:fs";
import { writeDurably } from "../store/durable-file.ts";

/** The address of the nats-server that the system of a data folder meets at; undefined if none. */
export function brokerUrl(folder: string): string | undefined {
  const path = urlFile(folder);
  const url = existsSync(path) ? readFileSync(path, "utf8").replaceAll("\0", "").trim() : "";
  // What a disk error left empty or zeroed names no server.
  return url === "" ? undefined : url;
}

/** Writes down where the system of a data folder meets. */
export function noteBrokerUrl(folder: string, url: string): void {
  writeDurably(urlFile(folder), `${url}\n`);
}

function urlFile(folder: string): string {
  return `${folder}/nats/url`;
}
