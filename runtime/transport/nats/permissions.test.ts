import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type NatsConnection, PermissionViolationError } from "@nats-io/transport-node";
import { type TestServer, testServer } from "../../testing/nats-server.ts";
import { sampleManifest } from "../../testing/sample/links.ts";
import type { ModuleLinks } from "../manifest.ts";
import { permissionsOf } from "./permissions.ts";

/** Something that a user might try, and the users for whom it is to succeed. */
interface Probe {
  readonly deed: "publish" | "subscribe";
  readonly subject: string;
  readonly queue?: string;
  readonly allowed: readonly string[];
}

const modules = sampleManifest.map(({ name }) => name);
const users = [...modules, "gateway", "console", "provisioner"];

const calls = (caller: string, callee: string) =>
  sampleManifest.some(({ name, calls: callees }) => name === caller && callees.includes(callee));
const reads = (reader: string, producer: string) =>
  sampleManifest.some(
    (one) => one.name === reader && one.reads.some((read) => read.producer === producer),
  );
const only = (user: string, condition: boolean) => (condition ? [user] : []);

function publish(allowed: readonly string[], ...subjects: string[]): Probe[] {
  return subjects.map((subject) => ({ deed: "publish", subject, allowed }));
}

function subscribe(allowed: readonly string[], ...subjects: string[]): Probe[] {
  return subjects.map((subject) => ({ deed: "subscribe", subject, allowed }));
}

function subscribeIn(queue: string, allowed: readonly string[], ...subjects: string[]): Probe[] {
  return subjects.map((subject) => ({ deed: "subscribe", subject, queue, allowed }));
}

/** Calls of a module's procedures under the name of each user. */
function callProbes(callee: string): Probe[] {
  return users.flatMap((caller) => {
    const everything = caller === "gateway" || calls(caller, callee);
    const operations = everything || caller === "console";
    return [
      ...publish(only(caller, everything), `rpc.${callee}.thing.${caller}`),
      ...publish(only(caller, everything), `rpc-i.${callee}.one.thing.${caller}`),
      ...publish(only(caller, operations), `rpc.${callee}.cleaveSagas.${caller}`),
      ...publish(only(caller, operations), `rpc-i.${callee}.one.cleaveRedrive.${caller}`),
      ...publish([], `rpc.${callee}.thing.${caller}.more`, `rpc.${callee}.${caller}`),
    ];
  });
}

/** Taking in what is asked of a module. */
function serviceProbes(name: string): Probe[] {
  return [
    ...subscribeIn(name, [name], `rpc.${name}.*.*`, `rpc.${name}.thing.*`),
    ...subscribeIn(name, [], `rpc.${name}.>`, "rpc.*.*.*"),
    ...subscribeIn("other", [], `rpc.${name}.*.*`),
    ...subscribe([], `rpc.${name}.*.*`, `rpc.${name}.>`, `rpc.${name}.thing.*`),
    ...subscribe([name], `rpc-i.${name}.one.*.*`, `rpc-i.${name}.one.thing.*`),
    ...subscribe([], `rpc-i.${name}.>`),
    ...subscribe(
      [name],
      ...["PING", "INFO", "STATS"].flatMap((verb) => [
        `$SRV.${verb}.${name}`,
        `$SRV.${verb}.${name}.one`,
      ]),
    ),
    ...subscribe([], `$SRV.*.${name}`, `$SRV.SCHEMA.${name}`),
    ...publish(["console"], `$SRV.PING.${name}`, `$SRV.STATS.${name}.one`),
    ...publish([name], `hb.${name}.one`),
    ...subscribe(
      [...modules.filter((other) => calls(other, name)), "gateway", "console"],
      `hb.${name}.*`,
    ),
  ];
}

/** A module's events, its stream, and what else tells of them. */
function eventProbes({ name, events }: ModuleLinks): Probe[] {
  const stream = `EV_${name}`;
  const api = "$JS.API.STREAM";
  const own = only(name, events.length > 0);
  const provisioner = only("provisioner", events.length > 0);
  const deeds = ["PURGE", "MSG.DELETE", "SNAPSHOT", "RESTORE", "PEER.REMOVE", "LEADER.STEPDOWN"];
  return [
    ...publish([name], ...events.map((event) => `ev.${name}.0.${event}`)),
    ...publish([], `ev.${name}.0.unheard`, ...events.map((event) => `ev.${name}.1.${event}`)),
    ...subscribe([], `ev.${name}.>`, ...events.map((event) => `ev.${name}.0.${event}`)),
    ...publish([...own, ...provisioner], `${api}.INFO.${stream}`),
    ...publish(own, `${api}.MSG.GET.${stream}`),
    ...publish(
      provisioner,
      ...["CREATE", "UPDATE", "DELETE"].map((deed) => `${api}.${deed}.${stream}`),
    ),
    ...publish([], ...deeds.map((deed) => `${api}.${deed}.${stream}`)),
    ...publish([], `$JS.API.DIRECT.GET.${stream}`, `$JS.API.DIRECT.GET.${stream}.ev.${name}.0.a`),
    ...subscribe(own, `pos.${name}.*`),
  ];
}

/** The consumers that each user might have of a module's stream. */
function consumerProbes({ name, events }: ModuleLinks): Probe[] {
  const stream = `EV_${name}`;
  const api = "$JS.API.CONSUMER";
  const provisioner = only("provisioner", events.length > 0);
  return [
    ...publish([], `${api}.CREATE.${stream}`, `${api}.LIST.${stream}`),
    ...publish(provisioner, `${api}.NAMES.${stream}`),
    ...users.flatMap((reader) => {
      const own = only(reader, reads(reader, name));
      const consumer = `${stream}.${reader}`;
      return [
        ...publish(
          provisioner,
          `${api}.CREATE.${consumer}`,
          `${api}.CREATE.${consumer}.ev.${name}.0.thing`,
          `${api}.DURABLE.CREATE.${consumer}`,
          `${api}.DELETE.${consumer}`,
        ),
        ...publish([...own, ...provisioner], `${api}.INFO.${consumer}`),
        ...publish(own, `${api}.MSG.NEXT.${consumer}`, `$JS.ACK.${consumer}.1.1.1.1700.0`),
        ...publish(own, `pos.${name}.${reader}`),
        ...publish([], `${api}.PAUSE.${consumer}`, `${api}.LEADER.STEPDOWN.${consumer}`),
      ];
    }),
  ];
}

/** Replies to each user. */
function inboxProbes(user: string): Probe[] {
  const callees = modules.filter((name) => calls(user, name));
  const answering =
    new Map([
      ["gateway", modules],
      ["console", [...modules, "gateway"]],
    ]).get(user) ?? callees;
  return [
    ...subscribe([user], `_INBOX.${user}.>`, `_INBOX.${user}.connection.*`),
    ...publish(answering, `_INBOX.${user}.connection.token`),
  ];
}

const wideProbes: Probe[] = [
  ...subscribe([], ">", "*", "rpc.>", "rpc-i.>", "ev.>", "pos.>", "pos.*.*", "hb.>", "_INBOX.>"),
  ...subscribe([], "_INBOX.*.*.*", "$JS.>", "$JS.EVENT.>", "$SYS.>", "$SRV.>", "thing"),
  ...subscribeIn("thing", [], ">", "ev.>", "_INBOX.>"),
  ...subscribe(["gateway", "console"], "hb.*.*"),
  ...subscribe([...modules, "gateway"], "$SRV.PING", "$SRV.INFO", "$SRV.STATS"),
  ...subscribe(["gateway"], "$SRV.PING.gateway", "$SRV.INFO.gateway.one", "$SRV.STATS.gateway.*"),
  ...publish(["console"], "$SRV.PING", "$SRV.INFO", "$SRV.STATS"),
  ...publish(["provisioner"], "$JS.API.INFO", "$JS.API.STREAM.NAMES"),
  ...publish([], "$JS.API.STREAM.LIST", "$JS.API.STREAM.CREATE.OTHER", "$JS.API.ACCOUNT.PURGE.A"),
  ...publish([], "$SYS.REQ.SERVER.PING", "thing", "rpc.thing", "$JS.FC.EV_orders.mail.1"),
];

const probes: readonly Probe[] = [
  ...modules.flatMap((name) => [...callProbes(name), ...serviceProbes(name)]),
  ...sampleManifest.flatMap((links) => [...eventProbes(links), ...consumerProbes(links)]),
  ...users.flatMap(inboxProbes),
  ...wideProbes,
];

function named({ deed, subject, queue }: Omit<Probe, "allowed">): string {
  return queue === undefined ? `${deed} ${subject}` : `${deed} ${subject} in ${queue}`;
}

/** What the server let a user do of all that is tried; the connection is closed afterwards. */
async function successes(connection: NatsConnection): Promise<string[]> {
  const refused = new Set<string>();
  const refusals = (async () => {
    for await (const status of connection.status()) {
      if (status.type !== "error" || !(status.error instanceof PermissionViolationError)) continue;
      const { operation, subject, queue } = status.error;
      const deed = operation === "publish" ? "publish" : "subscribe";
      refused.add(named({ deed, subject, ...(queue === undefined ? {} : { queue }) }));
    }
  })();
  for (const { deed, subject, queue } of probes) {
    if (deed === "publish") connection.publish(subject);
    else
      connection.subscribe(subject, {
        callback: () => {},
        ...(queue === undefined ? {} : { queue }),
      });
  }
  await connection.flush();
  await connection.close();
  await refusals;
  return probes.map(named).filter((name) => !refused.has(name));
}

describe("over all subjects that anybody uses", () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await testServer(sampleManifest);
  });
  afterAll(() => server[Symbol.asyncDispose]());

  test.each(users)("%s may do what the manifest says, and nothing else", async (user) => {
    const expected = probes.filter(({ allowed }) => allowed.includes(user)).map(named);
    expect(await successes(await server.connect(user))).toEqual(expected);
  });

  test("every kind of deed is tried by all, and no deed twice", () => {
    expect(new Set(probes.map(named)).size).toBe(probes.length);
    expect(probes.length * users.length).toBeGreaterThan(5_000);
  });
});

test("a module that is called like another user is refused", () => {
  const taken = ["gateway", "console", "provisioner"];
  for (const name of taken) {
    expect(() => permissionsOf([{ ...nothing, name }])).toThrow(
      `A module is called ${name}, like a NATS user of Cleave. Rename it.`,
    );
  }
});

const nothing = { queries: [], commands: [], events: [], calls: [], reads: [] };

test.each(["a.b", "*", ">", "a b", ""])("the name %p is refused wherever it stands", (name) => {
  const sentence = `names "${name}", which is no token of a NATS subject`;
  const wrong: ModuleLinks[] = [
    { ...nothing, name },
    { ...nothing, name: "a", events: [name] },
    { ...nothing, name: "a", commands: [name] },
    { ...nothing, name: "a", calls: [name] },
    { ...nothing, name: "a", reads: [{ producer: "b", events: [name] }] },
  ];
  for (const links of wrong) expect(() => permissionsOf([links])).toThrow(sentence);
});
