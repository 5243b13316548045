import {
  type Authenticator,
  AuthorizationError,
  type NatsConnection,
  PermissionViolationError,
  RequestError,
  TimeoutError,
} from "@nats-io/transport-node";
import type { Manifest, ModuleLinks } from "../manifest.ts";
import { BrokerError } from "./broker-error.ts";
import { authenticatorOf } from "./keys.ts";
import { connectPatiently } from "./patient-connect.ts";
import { declaredBy, permissionsOf } from "./permissions.ts";
import { callSubject, declaredSubject, inboxOf, JETSTREAM_API, streamOf } from "./subjects.ts";

/** The name of the connections of this test, and of a procedure that nobody has. */
export const SELF_TEST = "cleave-self-test";
const ANSWER_MS_MAX = 3_000;
const REMEDY =
  'Run "cleave nats provision" over this data folder, include its accounts.conf, as it is, in ' +
  '"accounts" of the server\'s config, and reload the server.';

/** A connection of a user. */
interface Entered {
  readonly connection: NatsConnection;
  readonly url: string;
  readonly user: string;
}

/**
 * Refuses a server that does not guard Cleave's subjects: one that lets in a client without a key,
 * or that lets one of the manifest's users forge a call or listen to another's replies, or that has
 * the users or the accounts of another version. To be run before anything is sent, by whoever has
 * the users' keys.
 *
 * Throws a BrokerError that says what is open or missing. It disturbs nobody: what it publishes, a
 * callee would throw away.
 */
export async function selfTest(server: {
  readonly url: string;
  /** The data folder with the users' keys. */
  readonly folder: string;
  readonly manifest: Manifest;
}): Promise<void> {
  const { url, folder, manifest } = server;
  await refuseStranger(url);
  // One by one: signing takes its time, and a server waits for a signature for two seconds only.
  for (const user of permissionsOf(manifest).keys()) {
    const connection = await enter(url, authenticatorOf(folder, user), user);
    try {
      const entered = { connection, url, user };
      const links = manifest.find(({ name }) => name === user);
      await assertDeclared(entered, links);
      await confine(entered);
      if ((links?.events.length ?? 0) > 0) await assertReachesStream(entered);
    } finally {
      await connection.close();
    }
  }
}

/**
 * Refuses a server that has the users of another version: it does not know all that the user's
 * module declares, so calls would be refused and events would not come. Throws a BrokerError that
 * says what is missing.
 */
export async function assertDeclared(
  entered: Entered,
  links: ModuleLinks | undefined,
): Promise<void> {
  const { url, user } = entered;
  const subjects = links === undefined ? [declaredSubject(user)] : declaredBy(links);
  const known = await Promise.all(subjects.map((subject) => mayPublish(entered, subject)));
  const unknown = subjects.filter((_subject, index) => known[index] === false);
  if (unknown.length === 0) return;
  const names = unknown.map((subject) => subject.split(".").slice(2).join("."));
  const what = names.includes("")
    ? `has the users of another version of Cleave, ${user} among them`
    : `has the users of another version: it does not know that ${user} uses ${names.join(", ")}`;
  throw new BrokerError(`The nats-server at ${url} ${what}. ${REMEDY}`);
}

/** Refuses a server on which a module does not get through to its stream in the other account. */
async function assertReachesStream({ connection, url, user }: Entered): Promise<void> {
  const subject = `${JETSTREAM_API}.STREAM.INFO.${streamOf(user)}`;
  try {
    await connection.request(subject, "", { timeout: ANSWER_MS_MAX });
  } catch (cause) {
    if (cause instanceof TimeoutError) throw silent(url, cause);
    throw new BrokerError(
      `On the nats-server at ${url}, ${user} does not reach its stream of events. ${REMEDY}`,
      { cause },
    );
  }
}

async function refuseStranger(url: string): Promise<void> {
  // However it is turned away: some servers reset the connection before their answer is read.
  const stranger = await enter(url).catch(() => undefined);
  if (stranger === undefined) return;
  await stranger.close();
  throw new BrokerError(
    `The nats-server at ${url} lets in clients without a key. List users in "accounts" only, as ` +
      "in the config that Cleave writes: servers before 2.9.23 and 2.10.2 let anybody in when " +
      'there is an "authorization" block too (CVE-2023-47090).',
  );
}

/** Tries, as a user, what no user may: to call in another's name, and to take another's replies. */
async function confine(entered: Entered): Promise<void> {
  const { user } = entered;
  const other = `${user}-${SELF_TEST}`;
  const subject = callSubject(other, SELF_TEST, other);
  if (await mayPublish(entered, subject)) throw open(entered, `publish to ${subject}`);
  const inbox = `${inboxOf(other)}.>`;
  if (await maySubscribe(entered, inbox)) throw open(entered, `subscribe to ${inbox}`);
}

async function enter(
  servers: string,
  authenticator?: Authenticator,
  user?: string,
): Promise<NatsConnection> {
  const inbox = user === undefined ? {} : { inboxPrefix: inboxOf(user) };
  const key = authenticator === undefined ? {} : { authenticator };
  const options = { reconnect: false, name: SELF_TEST };
  try {
    return await connectPatiently({ servers, ...options, ...key, ...inbox });
  } catch (cause) {
    if (user === undefined || !(cause instanceof AuthorizationError)) throw cause;
    throw new BrokerError(
      `The nats-server at ${servers} does not know the key of ${user}. ${REMEDY}`,
      { cause },
    );
  }
}

async function mayPublish({ connection, url }: Entered, subject: string): Promise<boolean> {
  try {
    await connection.request(subject, "", { timeout: ANSWER_MS_MAX });
  } catch (error) {
    if (error instanceof RequestError && error.cause instanceof PermissionViolationError) {
      return false;
    }
    if (error instanceof TimeoutError) throw silent(url, error);
  }
  return true;
}

async function maySubscribe({ connection }: Entered, subject: string): Promise<boolean> {
  let refused = false;
  connection.subscribe(subject, {
    callback(error) {
      if (error !== null) refused = true;
    },
  });
  await connection.flush();
  return !refused;
}

/** What is slow has said neither that it allows nor that it refuses. */
function silent(url: string, cause: Error): BrokerError {
  return new BrokerError(
    `The nats-server at ${url} did not say within ${ANSWER_MS_MAX} ms whether ` +
      "it guards Cleave's subjects. See what keeps it busy, and try again.",
    { cause },
  );
}

function open({ url, user }: Entered, deed: string): BrokerError {
  return new BrokerError(
    `The nats-server at ${url} lets ${user} ${deed}, which no module may. ${REMEDY}`,
  );
}
