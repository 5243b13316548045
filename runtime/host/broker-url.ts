import { existsSync, readFileSync, writeFileSync } from "node:fs";

/** The address of the nats-server that the system of a data folder meets at; undefined if none. */
export function brokerUrl(folder: string): string | undefined {
  const path = urlFile(folder);
  return existsSync(path) ? readFileSync(path, "utf8").trim() : undefined;
}

/** Writes down where the system of a data folder meets. */
export function noteBrokerUrl(folder: string, url: string): void {
  writeFileSync(urlFile(folder), `${url}\n`);
}

function urlFile(folder: string): string {
  return `${folder}/nats/url`;
}
