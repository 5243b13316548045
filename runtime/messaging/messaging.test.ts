import { describe, expect, test } from "bun:test";
import { contract, event } from "../contract/contract.ts";
import { TransportError } from "../contract/errors.ts";
import { t } from "../contract/schema.ts";
import { VALUE_BYTES_MAX } from "../contract/size.ts";
import { connection } from "../store/connection.ts";
import { openDatabase } from "../store/database.ts";
import { silent } from "../testing/silent-log.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { virtualEnvironment } from "../testing/virtual-environment.ts";
import type { Envelope } from "../transport/transport.ts";
import { deadLetters } from "./dead-letters.ts";
import { Inbox, type TracedTransaction } from "./inbox.ts";
import { finishJob, type Job, Jobs, putJob, removeJob } from "./jobs.ts";
import { kernelMigrations } from "./kernel-schema.ts";
import { appendEvent, Outbox } from "./outbox.ts";
import { reaction } from "./reaction.ts";
import { removeExpired } from "./retention.ts";

const shelf = contract("shelf", {
  taken: event(1, t.Object({ seq: t.Integer() })),
  put: event(1, t.Object({ seq: t.Integer() })),
  told: event(1, t.Object({ text: t.String() })),
});

/** A module's database with a writer, under a clock that `advance` moves. */
function openDesk() {
  const folder = temporaryFolder();
  const environment = virtualEnvironment();
  const migrations = { kernel: kernelMigrations };
  const database = openDatabase({ module: "desk", folder: folder.path, migrations, environment });
  let broken = 0;
  async function turns() {
    for (let turn = 0; turn < 12; turn++) {
      await new Promise<void>((resolve) => environment.defer(resolve));
    }
  }
  return {
    environment,
    database,
    log: silent,
    read: database,
    startMs: environment.now(),
    sqlite: database[connection].sqlite,
    lettersDue() {},
    /** Has the next writes fail. */
    breakWrites: (times: number) => {
      broken = times;
    },
    transact<T>(work: (tx: TracedTransaction) => T): Promise<T> {
      if (broken-- > 0)
        return Promise.reject(new TransportError("OVERLOADED", "no", "full", { fault: "callee" }));
      const tx = { ...database, now: environment.now(), traceId: "trace" };
      return database.writer.run(() => work(tx as never));
    },
    async advance(ms: number) {
      const untilMs = environment.now() + ms;
      await turns();
      for (;;) {
        const nextMs = environment.nextTimerAtMs() ?? Number.POSITIVE_INFINITY;
        environment.moveTo(Math.min(nextMs, untilMs));
        await turns();
        if (nextMs > untilMs) return;
      }
    },
    [Symbol.dispose]() {
      environment.kill();
      database.close();
      folder[Symbol.dispose]();
    },
  };
}

describe("the outbox", () => {
  test("numbers committed events without gaps, whatever was undone between them", async () => {
    using desk = openDesk();
    const emit = (undo: boolean) =>
      desk.transact((tx) => {
        const about = { payload: { seq: 0 }, traceId: "trace", nowMs: tx.now };
        const { seq } = appendEvent(tx, shelf.taken, about);
        if (undo) throw new Error("undone");
        return seq;
      });
    const outcomes = await Promise.allSettled([false, true, false, true, true, false].map(emit));
    const seqs = outcomes.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
    expect(seqs).toEqual([1, 2, 3]);
    expect(await emit(false)).toBe(4);
    const source = new Outbox({ ...desk, module: "shelf" });
    expect(source.after(1, 2, ["taken"]).map(({ seq }) => seq)).toEqual([2, 3]);
    expect(source.after(0, 9, ["put"])).toEqual([]);
    expect(source.lastSeq()).toBe(4);
  });

  test("knows its last event before and after each commit", async () => {
    using desk = openDesk();
    const source = new Outbox({ ...desk, module: "shelf" });
    const known = [source.lastSeq()];
    for (let count = 0; count < 2; count++) {
      await desk.transact((tx) =>
        appendEvent(tx, shelf.taken, { payload: { seq: 0 }, traceId: "trace", nowMs: tx.now }),
      );
      known.push(source.lastSeq());
    }
    expect(known).toEqual([0, 1, 2]);
  });

  test("takes no event that a broker would not carry", async () => {
    using desk = openDesk();
    const emit = (bytes: number) =>
      desk.transact((tx) => {
        const payload = { text: "x".repeat(bytes - '{"text":""}'.length) };
        return appendEvent(tx, shelf.told, { payload, traceId: "trace", nowMs: tx.now }).seq;
      });
    expect(await emit(VALUE_BYTES_MAX)).toBe(1);
    await expect(emit(VALUE_BYTES_MAX + 1)).rejects.toThrow(
      "The payload of shelf.told has 1048577 bytes as JSON; what modules send one another has at " +
        "most 1048576.",
    );
    expect(new Outbox({ ...desk, module: "shelf" }).lastSeq()).toBe(1);
  });

  test("keeps what is younger than a week, removes the rest in batches", async () => {
    using desk = openDesk();
    const nowMs = desk.environment.now();
    await desk.transact((tx) => {
      for (let seq = 1; seq <= 1_300; seq++) {
        const age = seq <= 1_200 ? 7 * 86_400_000 + 1 : 0;
        appendEvent(tx, shelf.taken, { payload: { seq }, traceId: "trace", nowMs: nowMs - age });
      }
    });
    const more: boolean[] = [];
    do more.push(await desk.transact((tx) => removeExpired(tx, nowMs)));
    while (more.at(-1));
    expect(more).toEqual([true, true, false]);
    const source = new Outbox({ ...desk, module: "shelf" });
    expect(source.after(0, 1, ["taken"])[0]?.seq).toBe(1_201);
    expect(source.lastSeq()).toBe(1_300);
  });
});

describe("an outbox whose readers are away", () => {
  const dayMs = 86_400_000;

  /** Twenty events of so many days ago, of which the rare reader wants the eleventh only. */
  async function openOld(days: number) {
    const desk = openDesk();
    const nowMs = desk.environment.now();
    await desk.transact((tx) => {
      for (let seq = 1; seq <= 20; seq++) {
        const about = { payload: { seq }, traceId: "trace", nowMs: nowMs - days * dayMs };
        appendEvent(tx, seq === 11 ? shelf.put : shelf.taken, about);
      }
    });
    const outbox = new Outbox({ ...desk, module: "shelf" });
    outbox.noteReader("rare", { events: ["put"], position: 0 });
    outbox.noteReader("keen", { events: ["taken"], position: 20 });
    await desk.advance(5_000);
    return { ...desk, outbox, tidy: () => desk.transact((tx) => removeExpired(tx, nowMs)) };
  }

  test("keeps what they have not taken in past its week, and no more than that", async () => {
    using desk = await openOld(8);
    await desk.tidy();
    expect(desk.outbox.after(0, 99).map(({ seq }) => seq)[0]).toBe(11);
    desk.outbox.noteReader("rare", { events: ["put"], position: 11 });
    await desk.advance(5_000);
    await desk.tidy();
    expect(desk.outbox.after(0, 99)).toEqual([]);
  });

  test("writes nothing when they tell again what is known of them", async () => {
    using desk = await openOld(1);
    const changes = desk.sqlite.prepare("SELECT total_changes()").pluck();
    const before = changes.get();
    desk.outbox.noteReader("rare", { events: ["put"], position: 0 });
    await desk.advance(5_000);
    expect(changes.get()).toBe(before);
    desk.outbox.noteReader("rare", { events: ["put", "taken"], position: 0 });
    await desk.advance(5_000);
    expect(changes.get()).not.toBe(before);
  });

  test("says how many each of them misses that comes back behind what was removed", async () => {
    using desk = await openOld(8);
    desk.outbox.noteReader("rare", { events: ["put"], position: 11 });
    await desk.advance(5_000);
    await desk.tidy();
    desk.outbox.noteRemoved();
    expect(desk.outbox.missing).toEqual([]);
    desk.outbox.noteReader("rare", { events: ["put"], position: 4 });
    desk.outbox.noteReader("keen", { events: ["taken"], position: 9 });
    const one = { reader: "rare", count: 1, isExact: true, upTo: 11 };
    const many = { reader: "keen", count: 11, isExact: false, upTo: 20 };
    expect(desk.outbox.missing).toEqual([one, many]);
    expect(desk.outbox.lastFor("rare", 20)).toBe(11);
    desk.outbox.noteReader("keen", { events: ["taken"], position: 0 });
    expect(desk.outbox.missing).toContainEqual({ ...many, count: 19, isExact: true });
    desk.outbox.noteReader("keen", { events: ["taken"], position: 20 });
    expect(desk.outbox.missing).toEqual([one]);
    await desk.advance(5_000);
    expect(new Outbox({ ...desk, module: "shelf" }).missing).toEqual([one]);
  });

  test("holds nothing that was removed before they wanted it against them", async () => {
    using desk = await openOld(8);
    desk.outbox.noteReader("rare", { events: ["put"], position: 11 });
    await desk.advance(5_000);
    await desk.tidy();
    desk.outbox.noteRemoved();
    desk.outbox.noteReader("new", { events: ["taken"], position: 0 });
    desk.outbox.noteReader("rare", { events: ["put", "taken"], position: 11 });
    await desk.advance(5_000);
    const later = new Outbox({ ...desk, module: "shelf" });
    later.noteReader("new", { events: ["taken", "put"], position: 0 });
    expect([desk.outbox.missing, later.missing]).toEqual([[], []]);
    expect(later.lastFor("new", 20)).toBe(0);
  });

  test("waits no longer than thirty days for them", async () => {
    using desk = await openOld(31);
    await desk.tidy();
    expect(desk.outbox.after(0, 99)).toEqual([]);
  });
});

describe("the inbox", () => {
  function envelopes(...seqs: readonly number[]): Envelope[] {
    return seqs.map((seq) => {
      const payload = JSON.stringify({ seq });
      const base = { module: "shelf", event: "taken", version: 1, traceId: "trace" };
      return { ...base, seq, occurredAtMs: 0, payload };
    });
  }

  function openInbox(desk: ReturnType<typeof openDesk>) {
    desk.sqlite.exec("CREATE TABLE IF NOT EXISTS seen (seq INTEGER) STRICT");
    const insert = desk.sqlite.prepare("INSERT INTO seen VALUES (?)");
    const seen = desk.sqlite.prepare<[], number>("SELECT seq FROM seen ORDER BY rowid").pluck();
    const react = reaction(shelf.taken, (_tx, { seq }) => {
      insert.run(seq);
      if (seq === 3) throw new RangeError("three");
    });
    return { inbox: new Inbox(desk, "shelf", [react]), seen: () => seen.all() };
  }

  test("keeps the order around a bad event, with each effect once, and buries it", async () => {
    using desk = openDesk();
    const { inbox, seen } = openInbox(desk);
    const delivered = inbox.deliver(envelopes(1, 2, 3, 4, 5));
    await desk.advance(2_000);
    expect(seen()).toEqual([1, 2]);
    await desk.advance(10_000);
    await delivered;
    await inbox.deliver(envelopes(1, 2, 3, 4, 5, 6));
    expect(seen()).toEqual([1, 2, 4, 5, 6]);
    expect(inbox.position).toBe(6);
    expect(deadLetters(desk.database, 9)).toMatchObject([
      { kind: "event", source: "shelf", name: "shelf.taken", key: "3", error: "RangeError: three" },
    ]);
  });

  test("goes on from its row, whatever is delivered again after a restart", async () => {
    using desk = openDesk();
    await openInbox(desk).inbox.deliver(envelopes(1, 2));
    const { inbox, seen } = openInbox(desk);
    expect(inbox.position).toBe(2);
    await inbox.deliver(envelopes(1, 2, 4));
    expect(seen()).toEqual([1, 2, 4]);
  });

  test("buries nothing because writing fails: the events are to be delivered again", async () => {
    using desk = openDesk();
    const { inbox, seen } = openInbox(desk);
    desk.breakWrites(6);
    const refused = inbox.deliver(envelopes(1, 2)).catch((error: unknown) => error);
    await desk.advance(10_000);
    expect(await refused).toMatchObject({ code: "OVERLOADED" });
    await inbox.deliver(envelopes(1, 2));
    expect(seen()).toEqual([1, 2]);
    expect(deadLetters(desk.database, 9)).toEqual([]);
  });

  test("buries nothing because there is no room for a reaction's effect", async () => {
    using desk = openDesk();
    desk.sqlite.exec("CREATE TABLE heap (filling BLOB) STRICT");
    const heap = desk.sqlite.prepare<[], number>("SELECT count(*) FROM heap").pluck();
    const insert = desk.sqlite.prepare("INSERT INTO heap VALUES (zeroblob(200000))");
    const inbox = new Inbox(desk, "shelf", [reaction(shelf.taken, () => void insert.run())]);
    const pages = Number(desk.sqlite.pragma("page_count", { simple: true }));
    desk.sqlite.pragma(`max_page_count = ${pages + 8}`);
    const refused = inbox.deliver(envelopes(1, 2)).catch((error: unknown) => error);
    await desk.advance(10_000);
    expect(await refused).toMatchObject({ executed: "no", cause: { code: "SQLITE_FULL" } });
    desk.sqlite.pragma(`max_page_count = ${pages + 800}`);
    await inbox.deliver(envelopes(1, 2));
    expect(heap.get()).toBe(2);
    expect(deadLetters(desk.database, 9)).toEqual([]);
  });
});

describe("jobs", () => {
  const job = { command: "put", key: "k", input: "{}", traceId: "trace" };

  /** Jobs whose runs are noted with their time and do as told; a run that succeeds ends its job. */
  function openJobs(run: (job: Job) => Promise<void>) {
    const desk = openDesk();
    const runs: { key: string; input: string; atMs: number }[] = [];
    const jobs = new Jobs({
      ...desk,
      async runJob(due) {
        runs.push({ key: due.key, input: due.input, atMs: desk.environment.now() - desk.startMs });
        await run(due);
        await desk.transact((tx) => finishJob(tx, due));
      },
    });
    return {
      ...desk,
      jobs,
      runs,
      async plan(key: string, atMs: number, input = "{}") {
        const dueAtMs = desk.startMs + atMs;
        await desk.transact((tx) => putJob(tx, { ...job, key, input, dueAtMs }));
        jobs.notice(dueAtMs);
      },
      left: () => desk.sqlite.prepare("SELECT key FROM cleave_job ORDER BY key").pluck().all(),
    };
  }

  const refuse = async () => {
    throw new RangeError("no");
  };

  test("that fail are tried again after growing pauses, and buried after the twelfth", async () => {
    using desk = openJobs(refuse);
    await desk.plan("k", 1_000);
    await desk.advance(1_000_000);
    expect(desk.runs.map(({ atMs }) => atMs / 1_000)).toEqual([
      1, 1.5, 2.5, 4.5, 8.5, 16.5, 32.5, 64.5, 128.5, 256.5, 512.5, 812.5,
    ]);
    expect(desk.left()).toEqual([]);
    expect(deadLetters(desk.database, 9)).toMatchObject([
      { kind: "job", source: "self", name: "put", key: "k", error: "RangeError: no" },
    ]);
  });

  test("that are planned again have the new time and input only", async () => {
    using desk = openJobs(async () => {});
    await desk.plan("k", 1_000, '"old"');
    await desk.plan("k", 5_000, '"new"');
    await desk.advance(9_000);
    expect(desk.runs).toEqual([{ key: "k", input: '"new"', atMs: 5_000 }]);
    expect(desk.left()).toEqual([]);
  });

  test("that are taken back do not run; the others do, in the order of their time", async () => {
    using desk = openJobs(async () => {});
    for (const [key, atMs] of [
      ["c", 3_000],
      ["a", 1_000],
      ["b", 2_000],
    ] as const) {
      await desk.plan(key, atMs);
    }
    await desk.transact((tx) => removeJob(tx, "put", "a"));
    await desk.advance(9_000);
    expect(desk.runs.map(({ key }) => key)).toEqual(["b", "c"]);
  });

  test("run 64 at once at most, and all in the end", async () => {
    const gates: (() => void)[] = [];
    using desk = openJobs(() => new Promise((resolve) => gates.push(resolve)));
    for (let index = 0; index < 100; index++) await desk.plan(`k${index}`, 1_000);
    await desk.advance(1_000);
    expect(gates).toHaveLength(64);
    for (const open of gates.splice(0)) open();
    await desk.advance(0);
    expect(gates).toHaveLength(36);
    for (const open of gates) open();
    await desk.advance(0);
    expect(desk.left()).toEqual([]);
    expect(desk.jobs.busy).toBe(false);
  });

  test("that are planned anew while they run are not taken for done", async () => {
    using desk = openJobs(async () => {
      if (desk.runs.length === 1) await desk.plan("k", 5_000, '"anew"');
    });
    await desk.plan("k", 1_000);
    await desk.advance(9_000);
    expect(desk.runs.map(({ atMs }) => atMs)).toEqual([1_000, 5_000]);
    expect(desk.left()).toEqual([]);
  });

  test("that are planned anew in their last attempt are not lost with it", async () => {
    using desk = openJobs(async () => {
      if (desk.runs.length === 12) await desk.plan("k", 2_000_000, '"anew"');
      if (desk.runs.length <= 12) throw new RangeError("no");
    });
    await desk.plan("k", 0);
    await desk.advance(2_100_000);
    expect(desk.runs.at(-1)).toEqual({ key: "k", input: '"anew"', atMs: 2_000_000 });
    expect(deadLetters(desk.database, 9)).toEqual([]);
  });

  test("go on after a failure that could not be recorded, after a pause", async () => {
    using desk = openJobs(async () => {
      if (desk.runs.length > 1) return;
      desk.breakWrites(1);
      throw new RangeError("no");
    });
    await desk.plan("k", 0);
    await desk.advance(1_000);
    expect(desk.runs.map(({ atMs }) => atMs)).toEqual([0, 500]);
  });
});

test("a job that cannot be begun does not break the start, but is buried in time", async () => {
  using desk = openDesk();
  const due = { command: "put", key: "k", input: "{", traceId: "trace" };
  await desk.transact((tx) => putJob(tx, { ...due, dueAtMs: desk.startMs }));
  const jobs = new Jobs({ ...desk, runJob: ({ input }) => JSON.parse(input) });
  jobs.start();
  await desk.advance(1_000_000);
  expect(deadLetters(desk.database, 9)).toMatchObject([{ kind: "job", key: "k" }]);
});
