import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { brokerUsers } from "../../contract/broker-users.ts";
import { isOperation } from "../../contract/names.ts";
import type { Log } from "../../telemetry/log.ts";
import { sampleManifest } from "../../testing/sample/links.ts";
import { silent } from "../../testing/silent-log.ts";
import type { ModuleLinks } from "../manifest.ts";
import type { Link } from "./link.ts";
import { callSubject, eventSubject } from "./subjects.ts";

/** A broker with the streams of the sample's manifest, which knows its users. */
export interface GuardedBroker extends AsyncDisposable {
  /** Connects as a user; the log is told what is refused. */
  connect(user: string, log: Log): Promise<Link>;
}

/** Something that a user might try, and the users for whom it is to succeed. */
interface Probe {
  readonly deed: "publish" | "subscribe";
  readonly subject: string;
  readonly queue?: string;
  readonly allowed: readonly string[];
}

const modules = sampleManifest.map(({ name }) => name);
const users = [...modules, ...brokerUsers];

/** The procedures of a callee that a caller declares. */
const called = (caller: string, callee: string) =>
  sampleManifest
    .filter(({ name }) => name === caller)
    .flatMap(({ calls: made }) => made.filter((one) => one.callee === callee))
    .flatMap(({ procedures }) => procedures);
const calls = (caller: string, callee: string) => called(caller, callee).length > 0;
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

/** Calls of each procedure of a module, and of one that it has not, by each user. */
function callProbes({ name: callee, queries, commands }: ModuleLinks): Probe[] {
  return users.flatMap((caller) => [
    ...[...queries, ...commands, "thing"].flatMap((procedure) => {
      const isForConsole = caller === "console" && isOperation(procedure);
      const isDeclared = called(caller, callee).includes(procedure);
      const allowed = only(caller, caller === "gateway" || isForConsole || isDeclared);
      return [
        ...publish(allowed, `rpc.${callee}.${procedure}.${caller}`),
        ...publish(allowed, `rpc-i.${callee}.one.${procedure}.${caller}`),
      ];
    }),
    ...publish([], `rpc.${callee}.thing.${caller}.more`, `rpc.${callee}.${caller}`),
  ]);
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
  const [ofModules, ofStreams] = ["jetstream.STREAM", "$JS.API.STREAM"];
  const own = only(name, events.length > 0);
  const provisioner = only("provisioner", events.length > 0);
  const made = ["CREATE", "UPDATE", "DELETE"];
  const deeds = ["PURGE", "MSG.DELETE", "SNAPSHOT", "RESTORE", "PEER.REMOVE", "LEADER.STEPDOWN"];
  return [
    ...publish([name], ...events.map((event) => `ev.${name}.0.${event}`)),
    ...publish([], `ev.${name}.0.unheard`, ...events.map((event) => `ev.${name}.1.${event}`)),
    ...subscribe([], `ev.${name}.>`, ...events.map((event) => `ev.${name}.0.${event}`)),
    ...publish(own, `${ofModules}.INFO.${stream}`, `${ofModules}.MSG.GET.${stream}`),
    ...publish([], ...[...made, ...deeds].map((deed) => `${ofModules}.${deed}.${stream}`)),
    ...publish(provisioner, ...[...made, "INFO"].map((deed) => `${ofStreams}.${deed}.${stream}`)),
    ...publish([], ...[...deeds, "MSG.GET"].map((deed) => `${ofStreams}.${deed}.${stream}`)),
    ...["$JS.API", "jetstream"].flatMap((api) =>
      publish([], `${api}.DIRECT.GET.${stream}`, `${api}.DIRECT.GET.${stream}.ev.${name}.0.a`),
    ),
    ...subscribe(own, `pos.${name}.*`),
    ...publish(own, `rebuild.${name}`),
    ...subscribe(["provisioner"], `rebuild.${name}`),
  ];
}

/** The consumers that each user might have of a module's stream. */
function consumerProbes({ name, events }: ModuleLinks): Probe[] {
  const stream = `EV_${name}`;
  const [ofModules, ofStreams] = ["jetstream.CONSUMER", "$JS.API.CONSUMER"];
  const producer = only(name, events.length > 0);
  const provisioner = only("provisioner", events.length > 0);
  return [
    ...[ofModules, ofStreams].flatMap((api) =>
      publish([], `${api}.CREATE.${stream}`, `${api}.LIST.${stream}`),
    ),
    ...publish(provisioner, `${ofStreams}.NAMES.${stream}`),
    ...users.flatMap((reader) => {
      const own = only(reader, reads(reader, name));
      const consumer = `${stream}.${reader}`;
      const made = [
        `CREATE.${consumer}`,
        `CREATE.${consumer}.ev.${name}.0.thing`,
        `DURABLE.CREATE.${consumer}`,
        `DELETE.${consumer}`,
      ];
      return [
        ...publish(provisioner, ...made.map((one) => `${ofStreams}.${one}`)),
        ...publish([], ...made.map((one) => `${ofModules}.${one}`)),
        ...publish(provisioner, `${ofStreams}.INFO.${consumer}`),
        ...publish([...own, ...producer], `${ofModules}.INFO.${consumer}`),
        ...publish(own, `${ofModules}.MSG.NEXT.${consumer}`),
        ...publish([], `${ofStreams}.MSG.NEXT.${consumer}`, `${ofStreams}.PAUSE.${consumer}`),
        ...publish(own, `$JS.ACK.${consumer}.1.1.1.1700.0`, `pos.${name}.${reader}`),
        ...publish(
          [],
          `${ofModules}.PAUSE.${consumer}`,
          `${ofModules}.LEADER.STEPDOWN.${consumer}`,
        ),
      ];
    }),
  ];
}

/** What a broker that knows a user lets it say that it declares: what it does, and no more. */
function declaredProbes({ name, queries, events }: ModuleLinks): Probe[] {
  const reading = (event: string) =>
    sampleManifest
      .filter((one) =>
        one.reads.some((read) => read.producer === name && read.events.includes(event)),
      )
      .map((one) => one.name);
  return users.flatMap((user) => [
    ...queries.flatMap((query) =>
      publish(only(user, called(user, name).includes(query)), `declared.${user}.${name}.${query}`),
    ),
    ...events.flatMap((event) =>
      publish(
        only(user, user === name || reading(event).includes(user)),
        `declared.${user}.${name}.${event}`,
      ),
    ),
  ]);
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
  ...subscribe(["gateway", "console"], "hb.*.>"),
  ...subscribeIn("thing", [], ">", "ev.>", "_INBOX.>"),
  ...subscribe(["gateway", "console"], "hb.*.*"),
  ...subscribe([...modules, "gateway"], "$SRV.PING", "$SRV.INFO", "$SRV.STATS"),
  ...subscribe(["gateway"], "$SRV.PING.gateway", "$SRV.INFO.gateway.one", "$SRV.STATS.gateway.*"),
  ...publish(["console"], "$SRV.PING", "$SRV.INFO", "$SRV.STATS"),
  ...publish(["provisioner"], "$JS.API.INFO", "$JS.API.STREAM.NAMES"),
  ...subscribe(["provisioner"], "rebuild.*"),
  ...publish([], "$JS.API.STREAM.LIST", "$JS.API.STREAM.CREATE.OTHER", "$JS.API.ACCOUNT.PURGE.A"),
  ...publish([], "$SYS.REQ.SERVER.PING", "thing", "rpc.thing", "$JS.FC.EV_orders.mail.1"),
];

const probes: readonly Probe[] = [
  ...sampleManifest.flatMap(callProbes),
  ...modules.flatMap(serviceProbes),
  ...sampleManifest.flatMap((links) => [...eventProbes(links), ...consumerProbes(links)]),
  ...sampleManifest.flatMap(declaredProbes),
  ...users.flatMap((user) => publish([user], `declared.${user}`)),
  ...users.flatMap(inboxProbes),
  ...wideProbes,
];

function named({ deed, subject, queue }: Omit<Probe, "allowed">): string {
  return queue === undefined ? `${deed} ${subject}` : `${deed} ${subject} in ${queue}`;
}

/** A subject that nobody may publish to, so that its refusal is the last one. */
const LAST = "the.last";

/** Listens to what a broker refuses, as a link's log is told of it. */
class Refusals {
  readonly names = new Set<string>();
  readonly log: Log = { ...silent, error: (_message, fields) => this.#take(fields?.["error"]) };
  readonly #last = Promise.withResolvers<void>();

  /** Resolves when all that was refused by now has been heard of. */
  async allOf(link: Link): Promise<ReadonlySet<string>> {
    link.publish(LAST, "");
    await this.#last.promise;
    return this.names;
  }

  #take(error: unknown): void {
    const said = error instanceof Error ? error.message : "";
    const [, deed, subject = ""] =
      /violation for (publish|subscription) to "(\S+)"/i.exec(said) ?? [];
    if (subject === LAST) this.#last.resolve();
    else if (deed?.toLowerCase() === "publish") this.names.add(named({ deed: "publish", subject }));
    else {
      const [, queue] = /using queue "(\S+)"/.exec(said) ?? [];
      this.names.add(named({ deed: "subscribe", subject, ...(queue !== undefined && { queue }) }));
    }
  }
}

/** What the broker let a user do of all that is tried. */
async function successes(broker: GuardedBroker, user: string): Promise<string[]> {
  const refusals = new Refusals();
  const link = await broker.connect(user, refusals.log);
  const tried = probesOf(user);
  for (const { deed, subject, queue } of tried) {
    if (deed === "publish") link.publish(subject, "");
    else link.listen(subject, () => {}, queue === undefined ? undefined : { queue });
  }
  const refused = await refusals.allOf(link);
  await link.close();
  return tried.map(named).filter((name) => !refused.has(name));
}

/** In the account of the provisioner, `jetstream` is another name for `$JS.API`, which is tried. */
function probesOf(user: string): readonly Probe[] {
  if (user !== "provisioner") return probes;
  return probes.filter(({ subject }) => !subject.startsWith("jetstream."));
}

/** What each user may do at a broker that `open` opens: what the manifest says. */
export function permissionsSuite(
  name: string,
  { open }: { readonly open: () => Promise<GuardedBroker> },
): void {
  let broker: GuardedBroker;

  describe(`over all subjects that anybody uses ${name}`, () => {
    beforeAll(async () => {
      broker = await open();
    });
    afterAll(() => broker[Symbol.asyncDispose]());

    test.each(users)("%s may do what the manifest says, and nothing else", async (user) => {
      const expected = probes.filter(({ allowed }) => allowed.includes(user)).map(named);
      expect(await successes(broker, user)).toEqual(expected);
    });

    test("every kind of deed is tried by all, and no deed twice", () => {
      expect(new Set(probes.map(named)).size).toBe(probes.length);
      expect(probes.length * users.length).toBeGreaterThan(5_000);
    });
  });

  describe(`what a user may not do has no effect ${name}`, () => {
    beforeAll(async () => {
      broker = await open();
    });
    afterAll(() => broker[Symbol.asyncDispose]());
    messagesSuite(() => broker);
    declaredSuite(() => broker);
    streamsSuite(() => broker);
  });
}

function messagesSuite(broker: () => GuardedBroker): void {
  test("what is published in the name of another reaches nobody", async () => {
    const mail = await broker().connect("mail", silent);
    const gateway = await broker().connect("gateway", silent);
    const orders = await broker().connect("orders", silent);
    const seen: string[] = [];
    gateway.listen("hb.*.*", ({ subject }) => seen.push(subject));
    orders.listen("pos.orders.*", ({ subject }) => seen.push(subject));
    await Promise.all([gateway.flush(), orders.flush()]);
    const others = ["hb.orders.one", "pos.orders.inventory"];
    for (const subject of [...others, "hb.mail.one", "pos.orders.mail"]) mail.publish(subject, "");
    await mail.flush();
    await Promise.all([gateway.flush(), orders.flush()]);
    expect(seen.toSorted()).toEqual(["hb.mail.one", "pos.orders.mail"]);
    await Promise.all([mail, gateway, orders].map((link) => link.close()));
  });

  test("who listens to the calls of another hears nothing, and listens no more", async () => {
    const [mail, orders, gateway] = await Promise.all(
      ["mail", "orders", "gateway"].map((user) => broker().connect(user, silent)),
    );
    const seen: string[] = [];
    const listenTo = (link: Link | undefined, who: string) =>
      link?.listen("rpc.orders.*.*", () => seen.push(who), { queue: "orders" });
    const listening = listenTo(mail, "mail");
    listenTo(orders, "orders");
    await Promise.all([mail?.flush(), orders?.flush()]);
    for (let count = 0; count < 20; count++) gateway?.publish("rpc.orders.placeOrder.gateway", "");
    await gateway?.flush();
    await Promise.all([mail?.flush(), orders?.flush()]);
    expect(seen).toEqual(Array.from({ length: 20 }, () => "orders"));
    expect(listening?.isClosed).toBe(true);
    await Promise.all([mail, orders, gateway].map((link) => link?.close()));
  });

  test.each([
    eventSubject("payments", "captured"),
    "$JS.API.STREAM.PURGE.EV_payments",
    "jetstream.STREAM.INFO.EV_payments",
    callSubject("payments", "authorise", "orders"),
    "_INBOX.provisioner.any.token",
  ])("a callee that answers blindly is not led to publish to %s", async (reply) => {
    const refusals = new Refusals();
    const inventory = await broker().connect("inventory", refusals.log);
    const gateway = await broker().connect("gateway", silent);
    const answers = Promise.withResolvers<void>();
    inventory.listen(
      "rpc.inventory.*.*",
      ({ reply = "" }) => {
        inventory.publish(reply, "{}");
        answers.resolve();
      },
      { queue: "inventory" },
    );
    await inventory.flush();
    gateway.publish("rpc.inventory.stockOf.gateway", "{}", { reply });
    await answers.promise;
    expect([...(await refusals.allOf(inventory))]).toEqual([`publish ${reply}`]);
    await Promise.all([inventory.close(), gateway.close()]);
  });
}

function declaredSuite(broker: () => GuardedBroker): void {
  test("only declared procedures of a used module are reached", async () => {
    const orders = await broker().connect("orders", silent);
    const payments = await broker().connect("payments", silent);
    const [seen, refused]: [string[], string[]] = [[], []];
    const take = ({ subject }: { readonly subject: string }) => seen.push(subject);
    payments.listen("rpc.payments.*.*", take, { queue: "payments" });
    payments.listen("rpc-i.payments.*.*.*", take);
    orders.onRefused((subject) => refused.push(subject));
    await payments.flush();
    const [call, instanceCall] = ["rpc.payments", "rpc-i.payments.one"];
    const undeclared = [`${call}.paymentById.orders`, `${instanceCall}.paymentById.orders`];
    const declared = [`${call}.authorise.orders`, `${instanceCall}.authorise.orders`];
    for (const subject of [...undeclared, ...declared]) orders.publish(subject, "");
    await orders.flush();
    await payments.flush();
    expect(seen.toSorted()).toEqual(declared.toSorted());
    expect(refused).toEqual(undeclared);
    await Promise.all([orders, payments].map((link) => link.close()));
  });
}

function streamsSuite(broker: () => GuardedBroker): void {
  const events = { headers: "", lastSequence: 0, timeoutMs: 5_000 };
  test.each<[string, (mail: Link) => Promise<unknown>]>([
    ["append to another's stream", (mail) => mail.append("ev.orders.0.placed", "{}", events)],
    ["ask how far another's stream goes", (mail) => mail.streamEnd("EV_orders")],
    ["read a stored event of another", (mail) => mail.stored("EV_orders", 1)],
    [
      "read through another's consumer",
      (mail) => mail.read({ stream: "EV_orders", consumer: "inventory", aheadMax: 8 }, () => {}),
    ],
  ])("a module that would %s is refused at once", async (_what, deed) => {
    const mail = await broker().connect("mail", silent);
    const refused = await deed(mail).catch(sayings);
    expect(refused).toContain("Permissions Violation for Publish to");
    const orders = await broker().connect("orders", silent);
    expect(await orders.streamEnd("EV_orders")).toEqual({ messages: 0, lastSeq: 0, missing: 0 });
    await Promise.all([mail.close(), orders.close()]);
  });
}

/** What an error and its causes say. */
function sayings(error: unknown): string {
  return error instanceof Error ? `${error.message} ${sayings(error.cause)}` : "";
}
