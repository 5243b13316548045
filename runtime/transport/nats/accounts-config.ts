import { PROVISIONER } from "../../contract/broker-users.ts";
import type { Manifest } from "../manifest.ts";
import { publicKeys } from "./keys.ts";
import { type Permissions, permissionsOf } from "./permissions.ts";
import { JETSTREAM_API } from "./subjects.ts";

/**
 * The account of the streams and of the provisioner. A server keeps streams by their account's
 * name: with another one it would not find those that it has.
 */
const STREAMS = "CLEAVE";
/** The account of the modules, the gateway and the console. */
const MODULES = "MODULES";

/** What modules ask of JetStream's API. Which of them may ask for what is in its permissions. */
const requests = ["STREAM.INFO.*", "STREAM.MSG.GET.*", "CONSUMER.INFO.*.*"];
/** The one request that has many answers. */
const PULL = "CONSUMER.MSG.NEXT.*.*";

/** All that passes from the modules' account to that of the streams. */
const services = ["ev.>", "rebuild.*", "$JS.ACK.>", ...requests.map(ofModules), ofModules(PULL)];

/** A request as modules send it: `$JS.API` is in each account, and leads nowhere in theirs. */
function ofModules(request: string): string {
  return `${JETSTREAM_API}.${request}`;
}

/**
 * The text of the two accounts, with their users, each with its keys and permissions: a file of its
 * own, to be included in `accounts`, which is all that changes when a key does.
 *
 * NATS looks at nobody's right to a reply subject: were the modules in the account of the streams,
 * a module could have JetStream send its answer to `$JS.API.STREAM.DELETE.…`, or to the consumer of
 * another. What a service answers to an importing account is handed to subscriptions there, and
 * never on to another service.
 */
export function accountsConfig(folder: string, manifest: Manifest): string {
  const permissions = [...permissionsOf(manifest)];
  const isOfStreams = ([user]: (typeof permissions)[number]) => user === PROVISIONER;
  const streams = permissions.filter(isOfStreams);
  const modules = permissions.filter((one) => !isOfStreams(one));
  return `# Written by Cleave from the manifest of the modules; changes are lost.
${STREAMS} {
  jetstream: enabled
  mappings: {
${[...requests, PULL].map(mapped).join("\n")}
  }
  exports: [
${services.map(exported).join("\n")}
  ]
  users: [
${usersOf(folder, streams)}
  ]
}
${MODULES} {
  imports: [
${services.map(imported).join("\n")}
  ]
  users: [
${usersOf(folder, modules)}
  ]
}
`;
}

/**
 * A request as it is in the account of the streams; wildcards of a mapping's target are numbered.
 * The import could name it with `to`, but nats-server 2.9.10 panics on an answer that is aimed at
 * an import with that and a wildcard.
 */
function mapped(request: string): string {
  let count = 0;
  const target = request.replaceAll("*", () => `$${++count}`);
  return `    ${quoted(ofModules(request))}: ${quoted(`$JS.API.${target}`)}`;
}

function exported(subject: string): string {
  const type = subject === ofModules(PULL) ? "stream" : "singleton";
  return `    { service: ${quoted(subject)}, response_type: ${type}, accounts: [${MODULES}] }`;
}

function imported(subject: string): string {
  return `    { service: { account: ${STREAMS}, subject: ${quoted(subject)} } }`;
}

function usersOf(folder: string, users: readonly (readonly [string, Permissions])[]): string {
  const lines = users.flatMap(([user, { publish, subscribe }]) => {
    if (publish.length === 0 || subscribe.length === 0) {
      throw new TypeError(`${user} may publish or subscribe to nothing: NATS takes it for all.`);
    }
    const permissions =
      `{ publish: { allow: ${list(publish)} }, ` + `subscribe: { allow: ${list(subscribe)} } }`;
    return publicKeys(folder, user).map(
      (key) => `    # ${user}\n    { nkey: ${quoted(key)}, permissions: ${permissions} }`,
    );
  });
  return lines.join("\n");
}

/** In quotes, a text is taken as it is; without, `$JS` would be a variable. */
export function quoted(text: string): string {
  return JSON.stringify(text);
}

function list(subjects: readonly string[]): string {
  return `[${subjects.map(quoted).join(", ")}]`;
}
