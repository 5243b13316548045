import { describe, expect, test } from "bun:test";
import { command, contract, isDeclared, query } from "../contract/contract.ts";
import { ContractError, Defect, DomainError, TransportError } from "../contract/errors.ts";
import { anonymous } from "../contract/identity.ts";
import { t } from "../contract/schema.ts";
import { eventually } from "../testing/eventually.ts";
import type { CallRequest, Envelope, EventSource, Serve, Transport } from "./transport.ts";

const Value = t.Object({ list: t.Array(t.Integer()), note: t.Optional(t.String()) });
const shelf = contract("shelf", {
  echo: query({ input: Value, output: Value }),
  take: command({
    input: t.Object({ thing: t.String() }),
    output: t.Object({}),
    errors: { TOO_FEW: t.Object({ thing: t.String(), count: t.Integer() }) },
  }),
});

const request: CallRequest = {
  caller: "desk",
  identity: { kind: "user", userId: "usr_1", role: "staff" },
  traceId: "0123456789abcdef0123456789abcdef",
  deadlineAtMs: 10_000,
  key: "k-1",
  asText: false,
};

/** A producer's log in memory. */
class Log implements EventSource {
  readonly module = "shelf";
  readonly all: Envelope[] = [];

  /** Appends events of these names; returns their envelopes. */
  append(...names: readonly string[]): Envelope[] {
    const added = names.map((name, index) => envelope(this.all.length + index + 1, name));
    this.all.push(...added);
    return added;
  }

  after(seq: number, limit: number, events: readonly string[]): Envelope[] {
    return this.all.filter((one) => one.seq > seq && events.includes(one.event)).slice(0, limit);
  }

  lastSeq(): number {
    return this.all.length;
  }
}

function envelope(seq: number, name: string): Envelope {
  const payload = JSON.stringify({ seq });
  const { traceId } = request;
  return { module: "shelf", event: name, version: 1, seq, traceId, occurredAtMs: seq, payload };
}

/** A consumer that notes the seqs it gets; `refuse` has its next deliveries fail. */
function consumer(name: string, events: readonly string[], position = 0) {
  const seqs: number[] = [];
  let refusals = 0;
  const fresh = (envelopes: readonly Envelope[]) =>
    envelopes.map(({ seq }) => seq).filter((seq) => seq > Math.max(position, ...seqs));
  return {
    seqs,
    refuse(times: number) {
      refusals = times;
    },
    subscription: {
      consumer: name,
      producer: "shelf",
      events,
      position,
      async deliver(envelopes: readonly Envelope[]) {
        if (refusals-- > 0) throw new Error("The disk is full.");
        seqs.push(...fresh(envelopes));
      },
    },
  };
}

const failing = (error: unknown): Serve => {
  return async () => {
    throw error;
  };
};

/** What every transport promises. `open` makes one that carries calls and events by itself. */
export function transportSuite(name: string, { open }: { open: () => Transport }): void {
  describe(`calls ${name}`, () => {
    callSuite(open);
    errorSuite(open);
    offerSuite(open);
  });
  describe(`events ${name}`, () => {
    orderSuite(open);
    lossSuite(open);
  });
}

function callSuite(open: () => Transport): void {
  test("give the callee the input and what goes with it, the caller the output", async () => {
    const transport = open();
    const seen: unknown[] = [];
    transport.serve("shelf", async (procedure, input, { key, ...rest }) => {
      seen.push(procedure.name, input, { key, ...rest });
      return { list: [1], note: "hm" };
    });
    const output = await transport.call(shelf.echo, { list: [2] }, request);
    expect(output).toStrictEqual({ list: [1], note: "hm" });
    expect(seen).toEqual(["echo", { list: [2] }, request]);
    await transport.close();
  });

  test("carry a request without a key, and anonymous ones", async () => {
    const transport = open();
    transport.serve("shelf", async (_procedure, _input, { key, identity }) => ({
      list: [],
      note: `${key} ${identity.kind}`,
    }));
    const plain = { ...request, key: undefined, identity: anonymous };
    const output = await transport.call(shelf.echo, { list: [] }, plain);
    expect(output).toEqual({ list: [], note: "undefined anonymous" });
    await transport.close();
  });
}

function errorSuite(open: () => Transport): void {
  test("carry a declared error with its data, recognisable as the procedure's", async () => {
    const transport = open();
    const refusal = new DomainError("TOO_FEW", { thing: "tea", count: 2 }, "shelf.take");
    transport.serve("shelf", failing(refusal));
    const error = await transport.call(shelf.take, { thing: "tea" }, request).catch(same);
    if (!isDeclared(error, shelf.take, "TOO_FEW")) throw error;
    expect(error.data).toEqual({ thing: "tea", count: 2 });
    await transport.close();
  });

  test.each([["no" as const], ["unknown" as const]])(
    "carry a transport error that says executed: %s",
    async (executed) => {
      const transport = open();
      transport.serve("shelf", failing(new TransportError("OVERLOADED", executed, "Too much.")));
      const error = await transport.call(shelf.take, { thing: "tea" }, request).catch(same);
      expect(error).toMatchObject({ name: "TransportError", code: "OVERLOADED", executed });
      await transport.close();
    },
  );

  test.each([
    ["a defect", new Defect("shelf.take failed: hm")],
    ["a misfit", new ContractError("The input of shelf.take does not fit.")],
  ])("tell of %s by its name and message, and nothing else", async (_what, error) => {
    const transport = open();
    transport.serve("shelf", failing(error));
    const met = await transport.call(shelf.take, { thing: "tea" }, request).catch(same);
    expect(met).toMatchObject({ name: error.name, message: error.message });
    await transport.close();
  });
}

function offerSuite(open: () => Transport): void {
  test("say that nobody serves a module, before it is served and after", async () => {
    const transport = open();
    const call = () => transport.call(shelf.take, { thing: "tea" }, request).catch(same);
    const unreachable: Partial<TransportError> = {
      name: "TransportError",
      code: "UNREACHABLE",
      executed: "no",
      message:
        "desk called shelf.take, but nobody serves shelf now. Start an instance that hosts it.",
    };
    expect(await call()).toMatchObject(unreachable);
    const withdraw = transport.serve("shelf", async () => ({}));
    expect(await call()).toEqual({});
    withdraw();
    expect(await call()).toMatchObject(unreachable);
    await transport.close();
  });

  test("go to the later of two offers, whose taking back the earlier does not touch", async () => {
    const transport = open();
    const withdraw = transport.serve("shelf", async () => ({ by: 1 }));
    transport.serve("shelf", async () => ({ by: 2 }));
    withdraw();
    expect(await transport.call(shelf.take, { thing: "tea" }, request)).toEqual({ by: 2 });
    await transport.close();
  });

  test("run at once, each with its own answer", async () => {
    const transport = open();
    const gates = new Map<unknown, () => void>();
    transport.serve("shelf", async (_procedure, input) => {
      const text = JSON.stringify(input);
      await new Promise<void>((resolve) => gates.set(text, resolve));
      return input;
    });
    const inputs = [1, 2, 3].map((one) => ({ list: [one] }));
    const answers = inputs.map((input) => transport.call(shelf.echo, input, request));
    while (gates.size < 3) await Promise.resolve();
    for (const release of [...gates.values()].reverse()) release();
    expect(await Promise.all(answers)).toEqual(inputs);
    await transport.close();
  });
}

function orderSuite(open: () => Transport): void {
  test("come in order, those that are wanted, from the position on", async () => {
    const transport = open();
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
    await transport.close();
  });

  test("are caught up from the log, however many, by one who subscribes late", async () => {
    const transport = open();
    const log = new Log();
    const publish = transport.publish(log);
    publish(log.append(...Array<string>(300).fill("taken")));
    const desk = consumer("desk", ["taken"]);
    transport.subscribe(desk.subscription);
    publish(log.append("taken"));
    await transport.idle();
    expect(desk.seqs).toEqual(log.all.map(({ seq }) => seq));
    await transport.close();
  });

  test("reach each consumer whole, though they are told of only in part", async () => {
    const transport = open();
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
    await transport.close();
  });
}

function lossSuite(open: () => Transport): void {
  test("are not lost when thousands come while a consumer is busy", async () => {
    const transport = open();
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
    await transport.close();
  });

  test("that a consumer could not take in come again by themselves", async () => {
    const transport = open();
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
    await transport.close();
  });

  test("that a consumer could not take in come again, before those that follow", async () => {
    const transport = open();
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
    await transport.close();
  });

  test("are no longer delivered once the transport is closed", async () => {
    const transport = open();
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
    await transport.close();
  });
}

function same(error: unknown): unknown {
  return error;
}
