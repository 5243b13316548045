import {
  type Authenticator,
  AuthorizationError,
  type NatsConnection,
  PermissionViolationError,
  RequestError,
  TimeoutError,
} from "@nats-io/transport-node";
import { BrokerError } from "./broker-error.ts";
import { authenticatorOf } from "./keys.ts";
import { connectPatiently } from "./patient-connect.ts";
import { callSubject, inboxOf } from "./subjects.ts";

/** The name of the connections of this test, and of a procedure that nobody has. */
export const SELF_TEST = "cleave-self-test";
const ANSWER_MS_MAX = 3_000;

/**
 * Refuses a server that does not guard Cleave's subjects: one that lets in a client without a key,
 * or that lets one of these users forge a call or listen to another's replies. To be run before
 * anything is sent, by whoever has the users' keys.
 *
 * Throws a BrokerError that says what is open. It disturbs nobody: what it publishes, a callee
 * would throw away.
 */
export async function selfTest(server: {
  readonly url: string;
  /** The data folder with the users' keys. */
  readonly folder: string;
  readonly users: readonly string[];
}): Promise<void> {
  const { url, folder, users } = server;
  await refuseStranger(url);
  // One by one: signing takes its time, and a server waits for a signature for two seconds only.
  for (const user of users) await confine(url, user, authenticatorOf(folder, user));
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
async function confine(url: string, user: string, authenticator: Authenticator): Promise<void> {
  const connection = await enter(url, authenticator, user);
  try {
    const other = `${user}-${SELF_TEST}`;
    const subject = callSubject(other, SELF_TEST, other);
    if (await mayPublish(connection, subject)) throw open(url, user, `publish to ${subject}`);
    const inbox = `${inboxOf(other)}.>`;
    if (await maySubscribe(connection, inbox)) throw open(url, user, `subscribe to ${inbox}`);
  } finally {
    await connection.close();
  }
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
      `The nats-server at ${servers} does not know the key of ${user}. Give it the users.conf of ` +
        "this data folder, and reload it.",
      { cause },
    );
  }
}

async function mayPublish(connection: NatsConnection, subject: string): Promise<boolean> {
  try {
    await connection.request(subject, "", { timeout: ANSWER_MS_MAX });
  } catch (error) {
    if (error instanceof RequestError && error.cause instanceof PermissionViolationError) {
      return false;
    }
    if (error instanceof TimeoutError) throw silent(connection, error);
  }
  return true;
}

async function maySubscribe(connection: NatsConnection, subject: string): Promise<boolean> {
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
function silent(connection: NatsConnection, cause: Error): BrokerError {
  return new BrokerError(
    `The nats-server at ${connection.getServer()} did not say within ${ANSWER_MS_MAX} ms whether ` +
      "it guards Cleave's subjects. See what keeps it busy, and try again.",
    { cause },
  );
}

function open(url: string, user: string, deed: string): BrokerError {
  return new BrokerError(
    `The nats-server at ${url} lets ${user} ${deed}, which no module may. Give it the users.conf ` +
      "of this data folder as it is, and reload it.",
  );
}
