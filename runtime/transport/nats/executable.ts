import { existsSync } from "node:fs";
import { BrokerError } from "./broker-error.ts";

/** The oldest nats-server that Cleave is tested with. */
const FLOOR = "2.9.10";

/** Where packages put nats-server, though it may not be on the PATH of everybody. */
const usualPlaces = ["/usr/sbin", "/usr/local/sbin", "/usr/local/bin", "/opt/homebrew/bin"];

const remedy =
  "Install it with `apt install nats-server` or `brew install nats-server`, or take a release " +
  "from https://github.com/nats-io/nats-server/releases; if you have it, name its file with " +
  "NATS_SERVER.";

/** A nats-server that can be started. */
export interface Executable {
  readonly path: string;
  readonly version: string;
}

/**
 * Finds nats-server: the given file, else what the PATH names, else where packages put it.
 *
 * Throws a BrokerError when there is none, it does not run, or it is too old.
 */
export function findNatsServer(given: string | undefined): Executable {
  const path = given ?? Bun.which("nats-server") ?? inUsualPlaces();
  if (path === undefined) {
    throw new BrokerError(
      `There is no nats-server on the PATH, nor in ${usualPlaces.join(", ")}. ${remedy}`,
    );
  }
  const version = versionOf(path);
  if (isOlder(version, FLOOR)) {
    throw new BrokerError(
      `${path} is nats-server ${version}; Cleave needs at least ${FLOOR}. ${remedy}`,
    );
  }
  return { path, version };
}

/** Whether one version is before another, as in `2.9.10` and `2.10.0`. */
export function isOlder(version: string, than: string): boolean {
  const parts = than.split(".").map(Number);
  const own = version.split(".").map((part) => Number.parseInt(part, 10));
  const at = parts.findIndex((part, index) => own[index] !== part);
  return at >= 0 && (own[at] ?? 0) < (parts[at] ?? 0);
}

function inUsualPlaces(): string | undefined {
  return usualPlaces.map((place) => `${place}/nats-server`).find((path) => existsSync(path));
}

function versionOf(path: string): string {
  let said: string;
  try {
    said = Bun.spawnSync([path, "--version"], { stdin: "ignore" }).stdout.toString();
  } catch (cause) {
    throw new BrokerError(`${path} cannot be run as nats-server. ${remedy}`, { cause });
  }
  const version = said.match(/^nats-server: v(\d+\.\d+\.\d+\S*)/)?.[1];
  if (version === undefined) {
    throw new BrokerError(`${path} does not say that it is nats-server. ${remedy}`);
  }
  return version;
}
