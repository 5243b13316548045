import { existsSync, readFileSync } from "node:fs";
import { writeDurably } from "../store/durable-file.ts";

/** The address of the nats-server that the system of a data folder meets at; undefined if none. */
export function brokerUrl(folder: string): string | undefined {
  const path = urlFile(folder);
  return existsSync(path) ? readFileSync(path, "utf8").trim() : undefined;
}

/** Writes down where the system of a data folder meets. */
export function noteBrokerUrl(folder: string, url: string): void {
  writeDurably(urlFile(folder), `${url}\n`);
}

function urlFile(folder: string): string {
  return `${folder}/nats/url`;
}
