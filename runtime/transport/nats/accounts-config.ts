import type { Manifest } from "../manifest.ts";
import { publicKeys } from "./keys.ts";
import { type Permissions, PROVISIONER, permissionsOf } from "./permissions.ts";
import { JETSTREAM_API } from "./subjects.ts";

/**
 * The account of the streams and of the provisioner. A server keeps streams by their account's
 * name: with another one it would not find those that it has.
 */
const STREAMS = "CLEAVE";
/** The account of the modules, the gateway and the console. */
const MODULES = "MODULES";

/** A service of the streams' account that the modules' account imports. */
interface Service {
  readonly subject: string;
  /** What modules publish to for it; the same subject when left out. */
  readonly importedAs?: string;
  /** True when one request has many answers. */
  readonly isStreamed?: boolean;
}

/** All that passes between the two accounts. Which user may ask for what is in its permissions. */
const services: readonly Service[] = [
  { subject: "ev.>" },
  { subject: "rebuild.*" },
  { subject: "$JS.ACK.>" },
  ofJetStream("STREAM.INFO.*"),
  ofJetStream("STREAM.MSG.GET.*"),
  ofJetStream("CONSUMER.INFO.*.*"),
  { ...ofJetStream("CONSUMER.MSG.NEXT.*.*"), isStreamed: true },
];

function ofJetStream(request: string): Service {
  return { subject: `$JS.API.${request}`, importedAs: `${JETSTREAM_API}.${request}` };
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

function exported({ subject, isStreamed = false }: Service): string {
  const type = isStreamed ? "stream" : "singleton";
  return `    { service: ${quoted(subject)}, response_type: ${type}, accounts: [${MODULES}] }`;
}

function imported({ subject, importedAs }: Service): string {
  const to = importedAs === undefined ? "" : `, to: ${quoted(importedAs)}`;
  return `    { service: { account: ${STREAMS}, subject: ${quoted(subject)} }${to} }`;
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
