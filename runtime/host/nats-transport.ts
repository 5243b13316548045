import { hostname } from "node:os";
import { version as VERSION } from "../../package.json";
import { GATEWAY } from "../contract/broker-users.ts";
import { moduleName } from "../contract/contract.ts";
import { calleesOf, manifestOf } from "../module/manifest.ts";
import { inProcess } from "../transport/in-process.ts";
import { joined } from "../transport/joined.ts";
import { Connection } from "../transport/nats/connection.ts";
import { authenticatorOf } from "../transport/nats/keys.ts";
import { openNats } from "../transport/nats/nats.ts";
import { provisionedManifest } from "../transport/nats/provisioned-manifest.ts";
import { assertDeclared } from "../transport/nats/self-test.ts";
import type { TopologyFacts } from "../transport/report.ts";
import type { Transport } from "../transport/transport.ts";
import type { TransportNeeds } from "./start.ts";
import { StartError } from "./start-error.ts";

/** Where an instance meets the others, and which of them there are to be. */
export interface Meeting {
  readonly url: string;
  readonly topology: TopologyFacts;
}

/**
 * Connects the modules placed here with those elsewhere; among themselves they stay in process.
 *
 * Throws a StartError when the broker cannot be reached, does not know the keys, or was provisioned
 * for modules that declare less.
 */
export async function natsTransport(
  { url, topology }: Meeting,
  needs: TransportNeeds,
): Promise<Transport> {
  const { placement, modules, folder, environment, log } = needs;
  const names = modules.map((module) => module.contract[moduleName]);
  const here = new Set(names);
  const instance = placement.name;
  const own = manifestOf(modules);
  const connect = async (user: string) => {
    const name = `${instance} ${user}`;
    const authenticator = authenticatorOf(folder, user);
    const connection = await Connection.open({ url, user, name, authenticator, log });
    const links = own.find((one) => one.name === user);
    await assertDeclared({ connection: connection.client, url, user }, links).catch(
      async (error: unknown) => {
        await connection.close();
        throw error;
      },
    );
    return connection;
  };
  try {
    const remote = await openNats({
      connect,
      instance,
      manifest: provisionedManifest(folder),
      here,
      users: placement.role === "edge" ? [...names, GATEWAY] : names,
      balance: { callees: (user) => calleesOf(user, modules), version: VERSION, topology },
      place: `process ${process.pid} on ${hostname()}, data folder ${folder}`,
      environment,
      reminder: environment,
      log,
    });
    return joined(here, { local: inProcess(environment), remote });
  } catch (cause) {
    throw new StartError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}
