import { type Authenticator, AuthorizationError } from "@nats-io/transport-node";
import type { Environment } from "../../contract/environment.ts";
import type { Manifest } from "../manifest.ts";
import { BrokerError } from "./broker-error.ts";
import { adoptNextKey, fixedAuthenticatorOf, hasNextKey, makeNextKey } from "./keys.ts";
import { connectPatiently } from "./patient-connect.ts";
import { permissionsOf } from "./permissions.ts";
import { SELF_TEST } from "./self-test.ts";
import { writeAccountsConfig } from "./server-config.ts";

const LOOK_EVERY_MS = 100;
const RELOAD_MS_MAX = 10_000;

/** What a key is changed with. */
export interface RotationOptions {
  /** The data folder with the users' keys and the server's config. */
  readonly folder: string;
  readonly manifest: Manifest;
  readonly url: string;
  readonly environment: Environment;
  /** Has the server read its config anew; it may do so in its own time. */
  readonly reload: () => void | Promise<void>;
}

/**
 * Gives a user a new key while the system runs.
 *
 * The server takes both keys until the new one is seen to work, then the new one only. That cuts
 * off the user's connections, and no others; they come back at once with the new key, if they use
 * `authenticatorOf`. A call that was under way on them is lost as by any disconnection.
 *
 * It can be run again after it was cut short: a key that was left lying is replaced.
 */
export async function rotateKey(user: string, options: RotationOptions): Promise<void> {
  const { folder, manifest, reload } = options;
  assertUser(user, manifest);
  makeNextKey(folder, user);
  writeAccountsConfig(folder, manifest);
  await reload();
  await untilAnswer("lets in", fixedAuthenticatorOf(folder, user, "next"), options);

  const old = fixedAuthenticatorOf(folder, user, "current");
  adoptNextKey(folder, user);
  writeAccountsConfig(folder, manifest);
  await reload();
  await untilAnswer("refuses", old, options);
}

/**
 * Gives a user a new key on a server that only a person can have read its config anew. It is called
 * once before that and once after it.
 *
 * Returns "offered" when it has written a config with both keys, of which the server does not know
 * the new one yet. Returns "adopted" when the server lets in the new key: then that is in use, and
 * the config is written without the old one, which counts until the server reads it.
 *
 * Throws a BrokerError, having changed nothing, when the server does not let in the user as it is.
 */
export async function rotateKeyByHand(
  user: string,
  { folder, manifest, url }: Pick<RotationOptions, "folder" | "manifest" | "url">,
): Promise<"offered" | "adopted"> {
  assertUser(user, manifest);
  if ((await answerTo(fixedAuthenticatorOf(folder, user, "current"), url)) !== "lets in") {
    throw new BrokerError(
      `The nats-server at ${url} is not there, or does not let in ${user} with the key that it ` +
        "has now. Start it, with the accounts.conf of this data folder, and rotate again.",
    );
  }
  if (!hasNextKey(folder, user)) makeNextKey(folder, user);
  const isKnown = (await answerTo(fixedAuthenticatorOf(folder, user, "next"), url)) === "lets in";
  if (isKnown) adoptNextKey(folder, user);
  writeAccountsConfig(folder, manifest);
  return isKnown ? "adopted" : "offered";
}

function assertUser(user: string, manifest: Manifest): void {
  const users = [...permissionsOf(manifest).keys()];
  if (users.includes(user)) return;
  throw new BrokerError(`There is no NATS user ${user}. Name one of ${users.join(", ")}.`);
}

/** The last one when it cannot be told: a refusal may be cut short by the end of the connection. */
type Answer = "lets in" | "refuses" | "unclear";

async function untilAnswer(
  wanted: Answer,
  authenticator: Authenticator,
  { url, environment }: RotationOptions,
): Promise<void> {
  const startMs = environment.monotonic();
  while ((await answerTo(authenticator, url)) !== wanted) {
    if (environment.monotonic() - startMs > RELOAD_MS_MAX) {
      const which = wanted === "refuses" ? "old" : "new";
      throw new BrokerError(
        `After ${RELOAD_MS_MAX} ms, the nats-server at ${url} does not behave as if it had read ` +
          `its new users: it should be that it ${wanted} the ${which} key. See that it has the ` +
          "accounts.conf of this data folder, and rotate again.",
      );
    }
    await new Promise<void>((resolve) => environment.after(LOOK_EVERY_MS, resolve));
  }
}

async function answerTo(authenticator: Authenticator, servers: string): Promise<Answer> {
  try {
    const connection = await connectPatiently({
      servers,
      authenticator,
      reconnect: false,
      name: SELF_TEST,
    });
    await connection.close();
    return "lets in";
  } catch (error) {
    return error instanceof AuthorizationError ? "refuses" : "unclear";
  }
}
