import { mkdirSync } from "node:fs";
import { PROVISIONER } from "../contract/broker-users.ts";
import type { Environment } from "../contract/environment.ts";
import type { Module } from "../module/define-module.ts";
import { manifestOf } from "../module/manifest.ts";
import { ownerLock } from "../store/owner-lock.ts";
import type { Log } from "../telemetry/log.ts";
import type { Manifest } from "../transport/manifest.ts";
import { BrokerError } from "../transport/nats/broker-error.ts";
import { carrying } from "../transport/nats/carrying.ts";
import { Connection } from "../transport/nats/connection.ts";
import { isOlder } from "../transport/nats/executable.ts";
import { authenticatorOf, makeKeys } from "../transport/nats/keys.ts";
import { permissionsOf } from "../transport/nats/permissions.ts";
import { type Provisioner, provisioner } from "../transport/nats/provision.ts";
import { selfTest } from "../transport/nats/self-test.ts";
import { serverFiles, streamBytesMax, writeServerConfig } from "../transport/nats/server-config.ts";
import { noteBrokerUrl } from "./broker-url.ts";
import { StartError } from "./start-error.ts";

const PORT = 4_222;
/** The first version in which a wildcard as reply subject is harmless. */
const ENDED_BY_WILDCARDS_BEFORE = "2.9.15";

/** What is to be made on a nats-server, and with what. */
export interface ProvisionNeeds {
  /** The path of the data folder, which is there. */
  readonly folder: string;
  readonly environment: Environment;
  readonly log: Log;
}

/** Connects as the user that makes streams and consumers. */
export async function openProvisioner(
  { url, manifest }: { readonly url: string; readonly manifest: Manifest },
  { folder, environment, log }: ProvisionNeeds,
): Promise<{ readonly connection: Connection; readonly provision: Provisioner }> {
  const authenticator = authenticatorOf(folder, PROVISIONER);
  const at = { url, user: PROVISIONER, name: PROVISIONER, authenticator, log };
  const connection = await carrying(await Connection.open(at));
  warnOfVersion(connection, log);
  const bytes = streamBytesMax(folder, manifest);
  const about = { connection: connection.client, manifest, environment, log };
  return { connection, provision: provisioner({ ...about, streamBytesMax: bytes }) };
}

/** Says which servers a module can end, however little it may do. */
function warnOfVersion({ client, url }: Connection, log: Log): void {
  const version = client.info?.version ?? "";
  if (!isOlder(version, ENDED_BY_WILDCARDS_BEFORE)) return;
  log.warn(
    "This nats-server ends when a module asks it for something with a wildcard as reply subject. " +
      `In production, use ${ENDED_BY_WILDCARDS_BEFORE} or newer`,
    { url, version },
  );
}

/**
 * Makes a nats-server that somebody else runs ready for a system: keys and config in the data
 * folder, for the server to be started with or to include; then, on the server, streams and
 * consumers. Doing so again changes nothing, and adds what a new module needs.
 *
 * Throws a StartError, and has made nothing on the server, when the server is not there, lets in
 * clients without a key, or does not have the accounts of this folder as they are now.
 */
export async function provisionNats(
  url: string,
  modules: readonly Module[],
  needs: ProvisionNeeds,
): Promise<void> {
  const { folder } = needs;
  const manifest = manifestOf(modules);
  writeFiles(url, manifest, folder);
  try {
    await selfTest({ url, folder, manifest });
    const { connection, provision } = await openProvisioner({ url, manifest }, needs);
    await provision.ensure().finally(() => connection.close());
  } catch (cause) {
    throw refusal(cause, { url, folder });
  }
  noteBrokerUrl(folder, url);
}

/** Keys and config, as a supervisor writes them; not while a supervisor runs the server. */
function writeFiles(url: string, manifest: Manifest, folder: string): void {
  const { store, lock } = serverFiles(folder);
  mkdirSync(store, { recursive: true, mode: 0o700 });
  const unlock = ownerLock(lock, "nats-server");
  try {
    makeKeys(folder, permissionsOf(manifest).keys());
    const [first = url] = url.split(",");
    const port = Number(new URL(first).port) || PORT;
    writeServerConfig({ folder, port }, manifest);
  } finally {
    unlock();
  }
}

function refusal(cause: unknown, { url, folder }: { url: string; folder: string }): unknown {
  if (cause instanceof BrokerError) return new StartError(cause.message, { cause });
  const { config, accounts } = serverFiles(folder);
  const reason = (cause instanceof Error ? cause.message : String(cause)).replace(/\.$/, "");
  return new StartError(
    `The keys and the config are written, but the nats-server at ${url} cannot be used: ` +
      `${reason}. Start it with nats-server -c ${config}, or include ${accounts} in the ` +
      '"accounts" of your own config, and run this again.',
    { cause },
  );
}
