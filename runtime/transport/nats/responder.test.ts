import { afterAll, beforeAll, expect, test } from "bun:test";
import type { NatsConnection } from "@nats-io/transport-node";
import { command, contract, proceduresOf, query } from "../../contract/contract.ts";
import { Defect } from "../../contract/errors.ts";
import { t } from "../../contract/schema.ts";
import { Broker, type Nats } from "../../testing/broker.ts";
import { eventually } from "../../testing/eventually.ts";
import { connectAs } from "../../testing/nats-server.ts";
import { requestOfDesk } from "../../testing/request.ts";
import type { ModuleLinks } from "../manifest.ts";
import type { Report } from "../report.ts";
import { Connection } from "./connection.ts";
import { authenticatorOf } from "./keys.ts";
import { survey } from "./survey.ts";

const none = { queries: [], commands: [], events: [], calls: [], reads: [] };
const manifest: ModuleLinks[] = [
  { ...none, name: "shelf", queries: ["count"], commands: ["take"], events: ["taken"] },
  {
    ...none,
    name: "desk",
    calls: [{ callee: "shelf", procedures: ["count", "take"] }],
    reads: [{ producer: "shelf", events: ["taken"] }],
  },
];
const empty = t.Object({});
const shelf = contract("shelf", {
  count: query({ input: empty, output: empty }),
  take: command({ input: empty, output: empty }),
});
const topology = { name: "pair", instances: ["one", "two"] };
const log = { debug() {}, info() {}, warn() {}, error() {}, with: () => log };

let broker: Broker;
let one: Nats;
let two: Nats;
let console: NatsConnection;
let withdraw: () => Promise<void>;

beforeAll(async () => {
  broker = await Broker.open(manifest);
  const callees = (user: string) => (user === "gateway" ? ["*"] : []);
  const balance = { callees, version: "1.2.3", topology };
  one = await broker.connect({ users: ["shelf"], instance: "one", balance });
  two = await broker.connect({ users: ["desk", "gateway"], instance: "two", balance });
  const traffic = () => ({ inFlight: 0, calls: 7, errors: 1 });
  const about = { procedures: proceduresOf(shelf), isReader: false, traffic };
  withdraw = one.serve({ module: "shelf", ...about }, async (procedure) => {
    if (procedure.name === "take") throw new Defect("The shelf is stuck.");
    return "{}";
  });
  two.serve({ module: "desk", ...about, procedures: [] }, async () => ({}));
  await Promise.all([one.ready(), two.ready()]);
  const { directory } = two.neighbours;
  await eventually(
    async () => directory.neighbours(),
    (heard) => heard.some(({ module }) => module === "shelf"),
  );
  console = await connectAs("console", broker);
});
afterAll(async () => {
  for (const closing of [console, one, two]) await closing?.close();
  await broker?.[Symbol.asyncDispose]();
});

/** What a test looks into; the rest is compared as it is. */
interface Answer extends Record<string, unknown> {
  readonly name: string;
  readonly endpoints?: readonly {
    readonly num_requests: number;
    readonly processing_time: number;
    readonly average_processing_time: number;
  }[];
  readonly data?: Report;
}

/** What answers a question within a moment: as many answers as are said to come. */
async function answersTo(subject: string, count: number): Promise<Answer[]> {
  const answers: Answer[] = [];
  const options = { strategy: "count", maxMessages: count, maxWait: 5_000 } as const;
  for await (const message of await console.requestMany(subject, "", options)) {
    answers.push(message.json<Answer>());
  }
  return answers.sort((first, second) => first.name.localeCompare(second.name));
}

const about = (name: string, instance: string, placement = name) => ({
  name,
  id: instance,
  version: "1.2.3",
  metadata: {
    instance,
    role: name === "gateway" ? "gateway" : "owner",
    placement,
    topology: "pair",
    instances: "one two",
  },
});

test("a ping is answered by every module and the gateway, each with its place", async () => {
  const type = "io.nats.micro.v1.ping_response";
  expect(await answersTo("$SRV.PING", 3)).toEqual([
    { type, ...about("desk", "two", "desk gateway") },
    { type, ...about("gateway", "two", "desk gateway") },
    { type, ...about("shelf", "one") },
  ]);
  const [alone] = await answersTo("$SRV.PING.gateway.two", 1);
  expect(alone).toEqual({ type, ...about("gateway", "two", "desk gateway") });
});

test("info names the procedures with the subjects on which they are asked", async () => {
  const [said] = await answersTo("$SRV.INFO.shelf", 1);
  expect<unknown>(said).toEqual({
    type: "io.nats.micro.v1.info_response",
    ...about("shelf", "one"),
    description: "shelf, which Cleave runs",
    endpoints: [
      {
        name: "count",
        subject: "rpc.shelf.count.*",
        queue_group: "shelf",
        metadata: kind("query"),
      },
      {
        name: "take",
        subject: "rpc.shelf.take.*",
        queue_group: "shelf",
        metadata: kind("command"),
      },
    ],
  });
});

const kind = (of: string) => ({ kind: of });

test("statistics count what came for each procedure, and keep the last defect", async () => {
  const request = requestOfDesk(broker.environment);
  for (let time = 0; time < 3; time++) await two.call(shelf.count, {}, request);
  await expect(two.call(shelf.take, {}, request)).rejects.toThrow("The shelf is stuck.");
  const [said] = await answersTo("$SRV.STATS.shelf.one", 1);
  expect(said).toMatchObject({
    type: "io.nats.micro.v1.stats_response",
    ...about("shelf", "one"),
    started: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    endpoints: [
      { name: "count", num_requests: 3, num_errors: 0, last_error: "" },
      { name: "take", num_requests: 1, num_errors: 1, last_error: "The shelf is stuck." },
    ],
    data: { traffic: { inFlight: 0, calls: 7, errors: 1 }, readers: [] },
  });
  for (const { num_requests, processing_time, average_processing_time } of said?.endpoints ?? []) {
    expect(processing_time).toBeGreaterThan(0);
    expect(average_processing_time).toBe(Math.round(processing_time / num_requests));
  }
});

test("a caller tells of the circuits and neighbours that it has", async () => {
  const [said] = await answersTo("$SRV.STATS.gateway", 1);
  const circuit = { module: "shelf", instance: "one", procedure: "shelf.take" } as const;
  expect(said?.data?.circuits).toContainEqual({ ...circuit, kind: "command", state: "closed" });
  expect(said?.data?.neighbours).toContainEqual({ module: "shelf", instance: "one", state: "up" });
});

test("a question is not answered to an inbox that is not the console's, nor to none", async () => {
  const refused: string[] = [];
  const shelfs = one.connections.get("shelf");
  if (!(shelfs instanceof Connection)) throw new Error("The shelf is not connected to NATS.");
  void (async () => {
    for await (const status of shelfs.client.status()) {
      if (status.type === "error") refused.push(status.error.message);
    }
  })();
  await using desk = await connectAs("desk", broker);
  const taken: string[] = [];
  desk.subscribe("_INBOX.desk.>", { callback: (_, { subject }) => void taken.push(subject) });
  await desk.flush();
  // The shelf may publish there, as it answers the desk's calls.
  for (const reply of ["_INBOX.desk.a.token", "_INBOX.consoles.token", "_INBOX.console"]) {
    console.publish("$SRV.STATS.shelf", "", { reply });
  }
  console.publish("$SRV.STATS.shelf", "");
  expect(await answersTo("$SRV.PING.shelf", 1)).toHaveLength(1);
  await one.flush();
  await desk.flush();
  expect({ taken, refused }).toEqual({ taken: [], refused: [] });
});

test("what a module has the server send to the questions' subject is no question", async () => {
  await using attacker = await connectAs("shelf", broker);
  const inbox = await connectAs("console", broker);
  const taken: unknown[] = [];
  inbox.subscribe("_INBOX.console.>", { callback: (_, message) => void taken.push(message) });
  await inbox.flush();
  attacker.publish("jetstream.STREAM.INFO.EV_shelf", "", { reply: "$SRV.STATS.desk" });
  await attacker.flush();
  await two.flush();
  await inbox.flush();
  expect(taken).toEqual([]);
  await inbox.close();
});

test("a survey hears every instance once, and knows a name of which there is none", async () => {
  const { environment } = broker;
  const authenticator = authenticatorOf(broker.folder, "console");
  const name = "console";
  const at = { url: broker.url, user: name, name, authenticator, log };
  const connection = await Connection.open(at);
  const names = ["shelf", "desk", "gateway", "nobody"];
  const reports = await survey({ connection, names, environment });
  expect(reports.map((report) => `${report.instance} ${report.name}`).sort()).toEqual([
    "one shelf",
    "two desk",
    "two gateway",
  ]);
  await connection.close();
});

test("a module with more than a message carries answers with what matters most", async () => {
  const count = 5_000;
  const many = contract(
    "shelf",
    Object.fromEntries(
      Array.from({ length: count }, (_, index) => [
        `procedure${index}`,
        query({ input: empty, output: empty }),
      ]),
    ),
  );
  const guarded = {
    module: "desk",
    instance: "two",
    kind: "query",
    procedure: "desk.look",
  } as const;
  const circuits = [
    ...Array.from({ length: count }, () => ({ ...guarded, state: "closed" }) as const),
    { ...guarded, state: "open" } as const,
  ];
  const balance = { callees: () => [], version: "1.2.3", topology };
  const wide = await broker.connect({ users: ["shelf"], instance: "wide", balance });
  wide.serve(
    {
      module: "shelf",
      procedures: proceduresOf(many),
      isReader: false,
      traffic: () => ({ inFlight: 0, calls: 0, errors: 0 }),
      circuits: () => circuits,
    },
    async () => ({}),
  );
  await wide.ready();
  for (const verb of ["INFO", "STATS"]) {
    const [answer] = await answersTo(`$SRV.${verb}.shelf.wide`, 1);
    expect(answer?.endpoints?.length).toBeGreaterThan(1_000);
    expect(answer?.endpoints?.length).toBeLessThanOrEqual(count);
    if (verb === "STATS") expect(answer?.data?.circuits).toEqual([{ ...guarded, state: "open" }]);
  }
  await wide.close();
});

test("a module that was taken back answers no more, before its connection ends", async () => {
  await withdraw();
  await one.flush();
  const asked = console.request("$SRV.PING.shelf", "", { timeout: 5_000 });
  await expect(asked).rejects.toThrow("no responders");
  const request = console.request("$SRV.PING.desk", "", { timeout: 5_000 });
  expect((await request).json()).toMatchObject({ name: "desk" });
});
