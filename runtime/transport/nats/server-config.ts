import { mkdirSync, statfsSync } from "node:fs";
import { writeDurably } from "../../store/durable-file.ts";
import type { Manifest } from "../manifest.ts";
import { publicKeys } from "./keys.ts";
import { PAYLOAD_BYTES_MAX, STREAM_BYTES_MAX } from "./limits.ts";
import { permissionsOf } from "./permissions.ts";

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
    users: `${home}/users.conf`,
    pid: `${home}/server.pid`,
    lock: `${home}/server.lock`,
    store: `${home}/jetstream`,
  };
}

/**
 * The text of a nats-server's config: on this machine's loopback only, with limits, one account for
 * Cleave and one for the system that nobody can enter.
 *
 * Users stand in `accounts` and nowhere else: beside an `authorization` block, servers before
 * 2.9.23 and 2.10.2 let anybody in (CVE-2023-47090).
 */
function serverConfig({ folder, port, syncInterval }: ServerConfigOptions): string {
  const { users, pid, store } = serverFiles(folder);
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
  CLEAVE {
    jetstream: enabled
    include ${quoted(`./${users.slice(users.lastIndexOf("/") + 1)}`)}
  }
}
`;
}

/**
 * The text that lists the users, each with its keys and permissions: a file of its own, which is
 * all that changes when a key does.
 */
function usersConfig(folder: string, manifest: Manifest): string {
  const lines = [...permissionsOf(manifest)].flatMap(([user, { publish, subscribe }]) => {
    if (publish.length === 0 || subscribe.length === 0) {
      throw new TypeError(`${user} may publish or subscribe to nothing: NATS takes it for all.`);
    }
    const permissions =
      `{ publish: { allow: ${list(publish)} }, ` + `subscribe: { allow: ${list(subscribe)} } }`;
    return publicKeys(folder, user).map(
      (key) => `  # ${user}\n  { nkey: ${quoted(key)}, permissions: ${permissions} }`,
    );
  });
  return `# Written by Cleave from the manifest of the modules; changes are lost.
users: [
${lines.join("\n")}
]
`;
}

/** Writes both files of a server's config. */
export function writeServerConfig(options: ServerConfigOptions, manifest: Manifest): void {
  const { config, store } = serverFiles(options.folder);
  mkdirSync(store, { recursive: true, mode: 0o700 });
  writeDurably(config, serverConfig(options));
  writeUsersConfig(options.folder, manifest);
}

/** Writes the file that lists the users, for a running server to read anew. */
export function writeUsersConfig(folder: string, manifest: Manifest): void {
  writeDurably(serverFiles(folder).users, usersConfig(folder, manifest));
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

/** In quotes, a text is taken as it is; without, `$JS` would be a variable. */
function quoted(text: string): string {
  return JSON.stringify(text);
}

function list(subjects: readonly string[]): string {
  return `[${subjects.map(quoted).join(", ")}]`;
}
