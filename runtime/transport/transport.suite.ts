import { afterEach, describe, expect, test } from "bun:test";
import { command, contract, isDeclared, proceduresOf, query } from "../contract/contract.ts";
import { ContractError, Defect, DomainError, TransportError } from "../contract/errors.ts";
import { anonymous } from "../contract/identity.ts";
import { t } from "../contract/schema.ts";
import { VALUE_BYTES_MAX } from "../contract/size.ts";
import { consumer, Log } from "../testing/event-log.ts";
import { eventually } from "../testing/eventually.ts";
import { turns } from "../testing/stillness.ts";
import type { CallRequest, Offer, Serve, Transport } from "./transport.ts";

const Value = t.Object({ list: t.Array(t.Integer()), note: t.Optional(t.String()) });
const shelf = contract("shelf", {
  echo: query({ input: Value, output: Value }),
  take: command({
    input: t.Object({ thing: t.String() }),
    output: t.Object({ by: t.Optional(t.Integer()) }),
    errors: { TOO_FEW: t.Object({ thing: t.String(), count: t.Integer() }) },
  }),
});

type Open = () => Transport | Promise<Transport>;

const request: CallRequest = {
  caller: "desk",
  identity: { kind: "user", userId: "usr_1", role: "staff" },
  traceId: "0123456789abcdef0123456789abcdef",
  deadlineAtMs: 10_000,
  timeoutMs: 10_000,
  key: "k-1",
  asText: false,
};

const offer: Offer = {
  module: "shelf",
  procedures: proceduresOf(shelf),
  isReader: false,
  traffic: () => ({ inFlight: 0, calls: 0, errors: 0 }),
};

/** Serves with what `work` gives, as JSON where that is asked for. */
function answering(work: Serve): Serve {
  return async (procedure, input, request) => {
    const output = await work(procedure, input, request);
    return request.asText ? JSON.stringify(output) : output;
  };
}

const failing = (error: unknown): Serve => {
  return async () => {
    throw error;
  };
};

/** What every transport promises. `open` makes one that carries calls and events by itself. */
export function transportSuite(name: string, { open: openOne }: { open: Open }): void {
  const opened: Transport[] = [];
  const open = async () => {
    const transport = await openOne();
    opened.push(transport);
    return transport;
  };
  afterEach(async () => {
    for (const transport of opened.splice(0)) await transport.close();
  });
  describe(`calls ${name}`, () => {
    callSuite(open);
    errorSuite(open);
    cancelSuite(open);
    offerSuite(open);
  });
  describe(`events ${name}`, () => {
    orderSuite(open);
    lossSuite(open);
  });
}

function callSuite(open: Open): void {
  test("give the callee the input and what goes with it, the caller the output", async () => {
    const transport = await open();
    const seen: unknown[] = [];
    const serve = answering(async (procedure, input, { asText, sent = input, ...rest }) => {
      seen.push(procedure.name, input, sent, rest);
      return { list: [1], note: "hm" };
    });
    transport.serve(offer, serve);
    await transport.ready();
    const output = await transport.call(shelf.echo, { list: [2] }, request);
    expect(output).toStrictEqual({ list: [1], note: "hm" });
    const { asText, ...rest } = request;
    expect(seen).toEqual(["echo", { list: [2] }, { list: [2] }, rest]);
  });

  test("carry the largest value both ways, beside the longest key and identity", async () => {
    const transport = await open();
    transport.serve(
      offer,
      answering(async (_procedure, input) => input),
    );
    await transport.ready();
    const note = "x".repeat(VALUE_BYTES_MAX - '{"list":[],"note":""}'.length);
    const identity = { kind: "user", userId: "u".repeat(16_000), role: "staff" } as const;
    const large = { ...request, identity, key: "\n".repeat(4_096) };
    const echoed = await transport.call(shelf.echo, { list: [], note }, large);
    expect(echoed).toEqual({ list: [], note });
  });

  test("carry a request without a key, and anonymous ones", async () => {
    const transport = await open();
    const note = async (_procedure: unknown, _input: unknown, { key, identity }: CallRequest) => ({
      list: [],
      note: `${key} ${identity.kind}`,
    });
    transport.serve(offer, answering(note));
    await transport.ready();
    const plain = { ...request, key: undefined, identity: anonymous };
    const output = await transport.call(shelf.echo, { list: [] }, plain);
    expect(output).toEqual({ list: [], note: "undefined anonymous" });
  });
}

function errorSuite(open: Open): void {
  test("carry a declared error with its data, recognisable as the procedure's", async () => {
    const transport = await open();
    const refusal = new DomainError("TOO_FEW", { thing: "tea", count: 2 }, "shelf.take");
    transport.serve(offer, failing(refusal));
    await transport.ready();
    const error = await transport.call(shelf.take, { thing: "tea" }, request).catch(same);
    if (!isDeclared(error, shelf.take, "TOO_FEW")) throw error;
    expect(error.data).toEqual({ thing: "tea", count: 2 });
  });

  test("carry a declared error whose data is as large as a value may be", async () => {
    const transport = await open();
    const thing = "x".repeat(VALUE_BYTES_MAX - '{"thing":"","count":2}'.length);
    const refusal = new DomainError("TOO_FEW", { thing, count: 2 }, "shelf.take");
    transport.serve(offer, failing(refusal));
    await transport.ready();
    const error = await transport.call(shelf.take, { thing: "tea" }, request).catch(same);
    expect(error).toMatchObject({ code: "TOO_FEW", data: { thing, count: 2 } });
  });

  test.each([
    ["UNREACHABLE", "no", "callee"],
    ["UNREACHABLE", "unknown", "callee"],
    ["UNREACHABLE", "no", "neither"],
    ["DEADLINE", "no", "callee"],
    ["DEADLINE", "no", "caller"],
    ["DEADLINE", "unknown", "neither"],
    ["BREAKER_OPEN", "no", "neither"],
    ["OVERLOADED", "no", "callee"],
    ["OVERLOADED", "unknown", "neither"],
    ["CANCELLED", "no", "caller"],
  ] as const)(
    "carry a transport error as who raised it says: %s, executed: %s, fault: %s",
    async (code, executed, fault) => {
      const transport = await open();
      transport.serve(offer, failing(new TransportError(code, executed, "Hm.", { fault })));
      await transport.ready();
      const error = await transport.call(shelf.take, { thing: "tea" }, request).catch(same);
      expect(error).toMatchObject({ name: "TransportError", code, executed, fault });
    },
  );

  test.each([
    ["a defect", new Defect("shelf.take failed: hm")],
    ["a misfit", new ContractError("The input of shelf.take does not fit.")],
  ])("tell of %s by its name and message, and nothing else", async (_what, error) => {
    const transport = await open();
    transport.serve(offer, failing(error));
    await transport.ready();
    const met = await transport.call(shelf.take, { thing: "tea" }, request).catch(same);
    expect(met).toMatchObject({ name: error.name, message: error.message });
  });
}

function cancelSuite(open: Open): void {
  test("that are given up reject at once, though the callee goes on and answers", async () => {
    const transport = await open();
    const [begun, held] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const serve = answering(async (_procedure, input) => {
      begun.resolve();
      await held.promise;
      return input;
    });
    transport.serve(offer, serve);
    await transport.ready();
    const cancel = new AbortController();
    const given = { ...request, signal: cancel.signal };
    const call = transport.call(shelf.echo, { list: [1] }, given).catch(same);
    await begun.promise;
    cancel.abort();
    expect(await call).toMatchObject({
      name: "TransportError",
      code: "CANCELLED",
      executed: "unknown",
      message: "shelf.echo was given up by its caller; whether it ran is unknown.",
    });
    const other = transport.call(shelf.echo, { list: [2] }, request);
    held.resolve();
    expect(await other).toEqual({ list: [2] });
  });

  test("that were answered leave their caller's signal as it was", async () => {
    const transport = await open();
    transport.serve(
      offer,
      answering(async () => ({ by: 1 })),
    );
    await transport.ready();
    const cancel = new AbortController();
    const given = { ...request, signal: cancel.signal };
    expect(await transport.call(shelf.take, { thing: "tea" }, given)).toEqual({ by: 1 });
    expect(cancel.signal.aborted).toBe(false);
    cancel.abort();
    expect(await transport.call(shelf.take, { thing: "tea" }, request)).toEqual({ by: 1 });
  });
}

function offerSuite(open: Open): void {
  test("say that nobody serves a module, before it is served and after", async () => {
    const transport = await open();
    const call = () => transport.call(shelf.take, { thing: "tea" }, request).catch(same);
    const unreachable: Partial<TransportError> = {
      name: "TransportError",
      code: "UNREACHABLE",
      executed: "no",
      message:
        "desk called shelf.take, but nobody serves shelf now. Start an instance that hosts it.",
    };
    expect(await call()).toMatchObject(unreachable);
    const withdraw = transport.serve(offer, async () => ({}));
    await transport.ready();
    expect(await call()).toEqual({});
    await withdraw();
    expect(await call()).toMatchObject(unreachable);
  });

  test("go to the later of two offers, whose taking back the earlier does not touch", async () => {
    const transport = await open();
    const withdraw = transport.serve(offer, async () => ({ by: 1 }));
    await transport.ready();
    transport.serve(offer, async () => ({ by: 2 }));
    await transport.ready();
    await withdraw();
    expect(await transport.call(shelf.take, { thing: "tea" }, request)).toEqual({ by: 2 });
  });

  test("run at once, each with its own answer", async () => {
    const transport = await open();
    const gates = new Map<unknown, () => void>();
    const serve = answering(async (_procedure, input) => {
      const text = JSON.stringify(input);
      await new Promise<void>((resolve) => gates.set(text, resolve));
      return input;
    });
    transport.serve(offer, serve);
    await transport.ready();
    const inputs = [1, 2, 3].map((one) => ({ list: [one] }));
    const answers = inputs.map((input) => transport.call(shelf.echo, input, request));
    while (gates.size < 3) await turns(1);
    for (const release of [...gates.values()].reverse()) release();
    expect(await Promise.all(answers)).toEqual(inputs);
  });
}

function orderSuite(open: Open): void {
  test("come in order, those that are wanted, from the position on", async () => {
    const transport = await open();
    const log = new Log();
    log.append("taken", "taken", "put", "taken");
    const desk = consumer("desk", ["taken"], 1);
    transport.subscribe(desk.subscription);
    const publish = transport.publish(log);
    publish(log.append("put", "taken"));
    await transport.idle();
    publish(log.append("taken"));
    await transport.idle();
    expect(desk.seqs).toEqual([2, 4, 6, 7]);
  });

  test("are caught up from the log, however many, by one who subscribes late", async () => {
    const transport = await open();
    const log = new Log();
    const publish = transport.publish(log);
    publish(log.append(...Array<string>(300).fill("taken")));
    const desk = consumer("desk", ["taken"]);
    transport.subscribe(desk.subscription);
    publish(log.append("taken"));
    await transport.idle();
    expect(desk.seqs).toEqual(log.all.map(({ seq }) => seq));
  });

  test("reach each consumer whole, though they are told of only in part", async () => {
    const transport = await open();
    const log = new Log();
    const [desk, till] = [consumer("desk", ["taken"]), consumer("till", ["put", "taken"])];
    transport.subscribe(desk.subscription);
    transport.subscribe(till.subscription);
    const publish = transport.publish(log);
    await transport.idle();
    log.append("taken", "put");
    publish(log.append("taken"));
    await transport.idle();
    expect(desk.seqs).toEqual([1, 3]);
    expect(till.seqs).toEqual([1, 2, 3]);
  });
}

function lossSuite(open: Open): void {
  test("are not lost when thousands come while a consumer is busy", async () => {
    const transport = await open();
    const log = new Log();
    const desk = consumer("desk", ["taken"]);
    transport.subscribe(desk.subscription);
    const publish = transport.publish(log);
    for (let round = 0; round < 30; round++) {
      publish(log.append(...Array<string>(100).fill("taken")));
    }
    expect(transport.busy()).toBe(true);
    await transport.idle();
    expect(transport.busy()).toBe(false);
    expect(desk.seqs).toEqual(log.all.map(({ seq }) => seq));
  });

  test("that a consumer could not take in come again by themselves", async () => {
    const transport = await open();
    const log = new Log();
    const desk = consumer("desk", ["taken"]);
    desk.refuse(2);
    transport.subscribe(desk.subscription);
    const publish = transport.publish(log);
    publish(log.append("taken", "taken"));
    await eventually(
      async () => desk.seqs,
      (seqs) => Bun.deepEquals(seqs, [1, 2]),
    );
  });

  test("that a consumer could not take in come again, before those that follow", async () => {
    const transport = await open();
    const log = new Log();
    const desk = consumer("desk", ["taken"]);
    transport.subscribe(desk.subscription);
    const publish = transport.publish(log);
    publish(log.append("taken"));
    await transport.idle();
    desk.refuse(1);
    publish(log.append("taken", "taken"));
    await transport.idle();
    publish(log.append("taken"));
    await transport.idle();
    expect(desk.seqs).toEqual([1, 2, 3, 4]);
  });

  test("are no longer delivered once the transport is closed", async () => {
    const transport = await open();
    const log = new Log();
    const desk = consumer("desk", ["taken"]);
    transport.subscribe(desk.subscription);
    const publish = transport.publish(log);
    publish(log.append("taken"));
    await transport.close();
    const before = desk.seqs.length;
    publish(log.append("taken"));
    await transport.idle();
    expect(desk.seqs).toHaveLength(before);
  });
}

function same(error: unknown): unknown {
  return error;
}
