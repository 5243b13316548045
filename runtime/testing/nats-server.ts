import { connect, type NatsConnection } from "@nats-io/transport-node";
import { realEnvironment } from "../host/real-environment.ts";
import { jsonLog } from "../telemetry/json-log.ts";
import type { Manifest } from "../transport/manifest.ts";
import { authenticatorOf } from "../transport/nats/keys.ts";
import { type NatsServer, startNatsServer } from "../transport/nats/server.ts";
import { inboxOf, JETSTREAM_API } from "../transport/nats/subjects.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** A nats-server with the users of a manifest, for one test. */
export interface TestServer extends AsyncDisposable {
  readonly server: NatsServer;
  readonly url: string;
  /** The data folder, with the users' keys. */
  readonly folder: string;
  /** What the server complained about so far, one JSON object a line. */
  log(): string;
  /** Connects as a user; the connection is closed with the server. */
  connect(user: string): Promise<NatsConnection>;
}

/** How the client of a module, which is in another account than the streams, reaches JetStream. */
export const asModule = { apiPrefix: JETSTREAM_API };

/** Starts a real nats-server over an empty folder: the one that NATS_SERVER names, if any. */
export async function testServer(manifest: Manifest): Promise<TestServer> {
  const temporary = temporaryFolder();
  const folder = temporary.path;
  const environment = realEnvironment();
  let lines = "";
  const sink = (more: string) => {
    lines += more;
  };
  const server = await startNatsServer({
    folder,
    manifest,
    environment,
    log: jsonLog({ level: "debug", sink, now: environment.now }),
    executable: process.env["NATS_SERVER"],
  });
  const connections: NatsConnection[] = [];
  return {
    server,
    url: server.url,
    folder,
    log: () => lines,
    async connect(user) {
      const connection = await connectAs(user, { url: server.url, folder });
      connections.push(connection);
      return connection;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(connections.map((connection) => connection.close()));
      await server.stop();
      temporary[Symbol.dispose]();
    },
  };
}

/** Connects as a user of a data folder, and comes back whenever the connection is lost. */
export async function connectAs(
  user: string,
  { url, folder }: { readonly url: string; readonly folder: string },
): Promise<NatsConnection> {
  return await connect({
    servers: url,
    authenticator: authenticatorOf(folder, user),
    ignoreAuthErrorAbort: true,
    inboxPrefix: inboxOf(user),
    maxReconnectAttempts: -1,
    reconnectTimeWait: 50,
  });
}
