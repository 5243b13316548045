import { existsSync, readFileSync, rmSync } from "node:fs";
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

/** Forgets it: the server was stopped with its system, and the next one gets another address. */
export function forgetBrokerUrl(folder: string): void {
  rmSync(urlFile(folder), { force: true });
}

function urlFile(folder: string): string {
  return `${folder}/nats/url`;
}
