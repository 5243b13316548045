import { mkdirSync, statfsSync } from "node:fs";
import { basename } from "node:path";
import { writeDurably } from "../../store/durable-file.ts";
import type { Manifest } from "../manifest.ts";
import { accountsConfig, quoted } from "./accounts-config.ts";
import { PAYLOAD_BYTES_MAX, STREAM_BYTES_MAX } from "./limits.ts";

/** What the server keeps for a client that reads slowly, before it cuts it off. */
const PENDING_BYTES_MAX = 32 * 1024 * 1024;
const CONNECTIONS_MAX = 1_024;
const SUBSCRIPTIONS_PER_CONNECTION_MAX = 1_024;
const PING_INTERVAL_S = 5;
const PINGS_UNANSWERED_MAX = 2;
const WRITE_DEADLINE_S = 5;
/** JetStream keeps its streams in files; some of its bookkeeping wants a little memory. */
const STREAM_MEMORY_BYTES_MAX = 64 * 1024 * 1024;
/** nats-server 2.9 hangs for good on a full disk, so it gets less than there is. */
const VOLUME_SHARE_MAX = 0.7;

/** How a server is to listen and to store. */
export interface ServerConfigOptions {
  /** The data folder; the server's files are below `nats/` in it. */
  readonly folder: string;
  /** -1 lets the server choose a free one. */
  readonly port: number;
  /**
   * When stored messages are forced to the disk: `always`, or after a time like `10s`. Only servers
   * from 2.10 on know it; 2.9 does it every minute.
   */
  readonly syncInterval?: string | undefined;
}

/** Where the server's files are, below the data folder. */
export function serverFiles(folder: string) {
  const home = `${folder}/nats`;
  return {
    config: `${home}/server.conf`,
    accounts: `${home}/accounts.conf`,
    manifest: `${home}/manifest.json`,
    pid: `${home}/server.pid`,
    lock: `${home}/server.lock`,
    store: `${home}/jetstream`,
    /** Where earlier versions had the users; no config includes it any more. */
    formerUsers: `${home}/users.conf`,
  };
}

/**
 * The text of a nats-server's config: on this machine's loopback only, with limits, the accounts of
 * Cleave and one for the system that nobody can enter.
 *
 * Users stand in `accounts` and nowhere else: beside an `authorization` block, servers before
 * 2.9.23 and 2.10.2 let anybody in (CVE-2023-47090).
 */
function serverConfig({ folder, port, syncInterval }: ServerConfigOptions): string {
  const { accounts, pid, store } = serverFiles(folder);
  const sync = syncInterval === undefined ? "" : `  sync_interval: ${quoted(syncInterval)}\n`;
  return `# Written by Cleave at every start; changes are lost.
server_name: "cleave"
listen: "127.0.0.1:${port}"
pid_file: ${quoted(pid)}
max_payload: ${PAYLOAD_BYTES_MAX}
max_pending: ${PENDING_BYTES_MAX}
max_connections: ${CONNECTIONS_MAX}
max_subscriptions: ${SUBSCRIPTIONS_PER_CONNECTION_MAX}
ping_interval: "${PING_INTERVAL_S}s"
ping_max: ${PINGS_UNANSWERED_MAX}
write_deadline: "${WRITE_DEADLINE_S}s"
jetstream {
  store_dir: ${quoted(store)}
  max_memory_store: ${STREAM_MEMORY_BYTES_MAX}
  max_file_store: ${fileBytesMax(folder)}
${sync}}
system_account: SYS
accounts {
  SYS { users: [] }
  include ${quoted(`./${basename(accounts)}`)}
}
`;
}

/** Writes the files of a server's config, and the manifest that they follow from. */
export function writeServerConfig(options: ServerConfigOptions, manifest: Manifest): void {
  const { config, store } = serverFiles(options.folder);
  mkdirSync(store, { recursive: true, mode: 0o700 });
  writeDurably(config, serverConfig(options));
  writeAccountsConfig(options.folder, manifest);
}

/**
 * Writes the file with the accounts and their users, for a running server to read anew, and the
 * manifest beside it.
 */
export function writeAccountsConfig(folder: string, manifest: Manifest): void {
  const { accounts, manifest: declared } = serverFiles(folder);
  writeDurably(declared, `${JSON.stringify(manifest, null, 2)}\n`);
  writeDurably(accounts, accountsConfig(folder, manifest));
}

/** How many bytes each stream may hold, so that all of them fit on the server. */
export function streamBytesMax(folder: string, manifest: Manifest): number {
  const streams = manifest.filter(({ events }) => events.length > 0).length;
  return Math.min(STREAM_BYTES_MAX, Math.floor(fileBytesMax(folder) / Math.max(1, streams)));
}

/** A share of the whole volume, not of what is free: it must not shrink while it is in use. */
function fileBytesMax(folder: string): number {
  const { blocks, bsize } = statfsSync(folder);
  return Math.floor(blocks * bsize * VOLUME_SHARE_MAX);
}
