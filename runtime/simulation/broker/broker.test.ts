import { beforeEach, describe, expect, test } from "bun:test";
import type { Link } from "../../transport/nats/link.ts";
import { heard, Small, smallManifest, textOf } from "./small.ts";

let small: Small;
let one: Link;
let other: Link;

beforeEach(() => {
  small = new Small();
  one = small.connect("shelf");
  other = small.connect("desk");
});

describe("messages", () => {
  test.each([
    ["a.b", "a.b", true],
    ["a.*", "a.b", true],
    ["a.*", "a.b.c", false],
    ["a.>", "a.b.c", true],
    ["a.>", "a", false],
    ["*.b", "a.c", false],
  ])("an interest in %s for %s: %p", (pattern, subject, comes) => {
    const texts = heard(other, pattern);
    small.pass(5);

    one.publish(subject, "x");
    small.pass(5);

    expect(texts).toEqual(comes ? ["x"] : []);
  });

  test("come in the order in which one connection sent them", () => {
    const texts = heard(other, "a");
    small.pass(5);

    const sent = Array.from({ length: 200 }, (_, count) => `${count}`);
    for (const text of sent) {
      one.publish("a", text);
      small.pass(0.1);
    }
    small.pass(5);

    expect(texts).toEqual(sent);
  });

  test("go to one of a queue group, now this one and now that", () => {
    const first = heard(one, "a", "group");
    const second = heard(other, "a", "group");
    small.pass(5);

    for (let count = 0; count < 100; count++) one.publish("a", "x");
    small.pass(5);

    expect(first.length + second.length).toBe(100);
    expect(Math.min(first.length, second.length)).toBeGreaterThan(20);
  });

  test("carry their headers", () => {
    const values: unknown[] = [];
    other.listen("a", ({ headers }) => {
      values.push(headers?.get("second"), headers?.get("third"), headers?.has("first"));
    });
    small.pass(5);

    one.publish("a", "", { headers: "first: 1\r\nsecond: two words\r\n" });
    small.pass(5);

    expect(values).toEqual(["two words", "", true]);
  });

  test("are answered with 503 when nobody listens to a request", () => {
    const codes: unknown[] = [];
    one.listen("_INBOX.shelf.*", (told) => codes.push(told.headers?.code, told.string()));
    small.pass(5);

    one.publish("nobody", "x", { reply: "_INBOX.shelf.1" });
    small.pass(5);

    expect(codes).toEqual([503, ""]);
  });

  test("that are too large are refused at once", () => {
    expect(() => one.publish("a", "x".repeat(one.payloadBytesMax + 1))).toThrow(/more than/);
  });

  test("still come while a listening is drained, and not after", () => {
    const texts: string[] = [];
    const listening = other.listen("a", (message) => texts.push(textOf(message)));
    small.pass(5);
    one.publish("a", "before");
    small.settled(one.flush(), 3);

    small.settled(listening.drain());
    one.publish("a", "after");
    small.pass(5);

    expect(texts).toEqual(["before"]);
    expect(listening.isClosed).toBe(true);
  });

  test("wait for a process that is paused", () => {
    const process = small.process("sleeper");
    const texts = heard(small.connect("desk", process), "a");
    small.pass(5);
    process.stop(1_000);

    one.publish("a", "x");
    small.pass(900);
    expect(texts).toEqual([]);
    small.pass(200);

    expect(texts).toEqual(["x"]);
  });

  test("do not come after a close", () => {
    const texts = heard(other, "a");
    small.pass(5);

    small.settled(other.close());
    one.publish("a", "x");
    small.pass(5);

    expect([other.isClosed, other.isUp, texts]).toEqual([true, false, []]);
  });
});

describe("a process that is killed", () => {
  test("has said what it had sent before, and says nothing more", () => {
    const process = small.process("victim");
    const victim = small.connect("shelf", process);
    const texts = heard(other, "a");
    small.pass(5);

    victim.publish("a", "sent");
    small.pass(0.01);
    victim.publish("a", "only meant");
    process.kill("test");
    victim.publish("a", "from the grave");
    small.pass(5);

    expect(texts).toEqual(["sent"]);
  });

  test("is not among those who listen after a moment", () => {
    const process = small.process("victim");
    heard(small.connect("desk", process), "a");
    const codes: unknown[] = [];
    one.listen("_INBOX.shelf.*", ({ headers }) => codes.push(headers?.code));
    small.pass(5);

    process.kill("test");
    small.pass(5);
    one.publish("a", "x", { reply: "_INBOX.shelf.1" });
    small.pass(5);

    expect(codes).toEqual([503]);
  });
});

describe("a restart of the broker", () => {
  test("is heard of on both sides of it, and what listened listens again", () => {
    const story: string[] = [];
    other.onDown(() => story.push(`down ${other.isUp}`));
    other.onUp(() => story.push(`up ${other.isUp}`));
    const texts = heard(other, "a");
    small.pass(5);

    small.broker.restart();
    small.pass(5);
    one.publish("a", "dropped");
    small.pass(5_000);
    one.publish("a", "after");
    small.pass(5);

    expect(story).toEqual(["down false", "up true"]);
    expect(texts).toEqual(["after"]);
  });

  test("rejects a flush, and lets an append wait for its time", () => {
    let flushed = "";
    one.flush().catch((error: Error) => {
      flushed = error.message;
    });
    const outcome = small.append(one, 0);

    small.broker.restart();
    small.pass(4_900);
    expect([flushed, outcome()]).toEqual(["The connection is lost.", "waiting"]);
    small.pass(200);

    expect(outcome()).toMatch(/did not answer in time/);
  });

  test("refuses those who connect meanwhile", () => {
    small.broker.restart();

    expect(() => small.connect("shelf", small.process("early"))).toThrow(/found no broker/);
  });
});

describe("a stream", () => {
  test("takes what follows its last sequence, and refuses all else", () => {
    const outcomes = [0, 1, 1, 3].map((lastSequence) => small.append(one, lastSequence));
    small.pass(5);

    const refusal = "wrong last sequence: 2";
    expect(outcomes.map((outcome) => outcome())).toEqual(["stored", "stored", refusal, refusal]);
    expect(small.settled(one.streamEnd("EV_shelf"))).toEqual({
      messages: 2,
      lastSeq: 2,
      missing: 0,
    });
    const stored = small.settled(one.stored("EV_shelf", 2));
    expect(stored && textOf(stored)).toBe("2");
    expect(small.settled(one.stored("EV_shelf", 3))).toBeUndefined();
  });

  test("hands a reader what its consumer filters, in order, once", () => {
    const { texts } = small.read(other);
    for (let last = 0; last < 600; last++) small.append(one, last);
    const headers = { headers: "", lastSequence: 600, timeoutMs: 5_000 };
    void one.append("ev.shelf.0.put", "unwanted", headers);
    small.pass(100);

    expect(texts).toEqual(Array.from({ length: 600 }, (_, index) => `${index + 1}`));
  });

  test("hands over again after 30 s what was not acknowledged", () => {
    const { texts } = small.read(other, () => texts.length !== 2);
    for (let last = 0; last < 3; last++) small.append(one, last);

    small.pass(29_900);
    expect(texts).toEqual(["1", "2", "3"]);
    small.pass(200);

    expect(texts).toEqual(["1", "2", "3", "2"]);
  });

  test("hands over no more than 1024 messages ahead of their acks", () => {
    const { texts } = small.read(other, () => false);
    for (let last = 0; last < 1_100; last++) small.append(one, last);
    small.pass(1_000);

    expect(texts).toHaveLength(1_024);
  });

  test("drops what is older than seven days, and hands over what is not", () => {
    const day = 24 * 60 * 60 * 1_000;
    small.append(one, 0);
    small.pass(3 * day);
    small.append(one, 1);
    small.pass(4 * day + 1_000);

    expect(small.settled(one.streamEnd("EV_shelf"))).toEqual({
      messages: 1,
      lastSeq: 2,
      missing: 0,
    });
    expect(small.settled(one.stored("EV_shelf", 1))).toBeUndefined();
    const { texts } = small.read(other);
    small.append(one, 2);
    small.pass(5);
    expect(texts).toEqual(["2", "3"]);
  });

  test("that was cut before what it had dropped goes on from there", () => {
    small = new Small(1, {}, { manifest: smallManifest, isOpen: true, streamBytesMax: 500 });
    one = small.connect("shelf");
    const restore = small.broker.copiedEvents();
    for (let last = 0; last < 20; last++) small.append(one, last);
    small.pass(5);
    expect(small.settled(one.streamEnd("EV_shelf")).messages).toBeLessThan(10);

    restore();
    small.append(one, 0);
    small.pass(5);

    expect(small.settled(one.streamEnd("EV_shelf"))).toEqual({
      messages: 1,
      lastSeq: 1,
      missing: 0,
    });
    expect(small.read(small.connect("desk")).texts).toEqual(["1"]);
  });

  test("that is put back to a copy of itself has dropped what it had by then", () => {
    small = new Small(1, {}, { manifest: smallManifest, isOpen: true, streamBytesMax: 500 });
    one = small.connect("shelf");
    for (let last = 0; last < 20; last++) small.append(one, last);
    small.pass(5);
    const end = small.settled(one.streamEnd("EV_shelf"));

    small.broker.copied()();
    expect(small.settled(one.streamEnd("EV_shelf"))).toEqual(end);
    small.append(one, 20);

    expect(small.settled(one.streamEnd("EV_shelf"))).toEqual({ ...end, lastSeq: 21 });
  });

  test("goes on with its readers after a restart", () => {
    const { texts } = small.read(other);
    small.append(one, 0);
    small.pass(1_000);

    small.broker.restart();
    small.pass(5_000);
    small.append(one, 1);
    small.pass(5);

    expect(texts).toEqual(["1", "2"]);
  });

  test("that is deleted ends its readings, and is made anew within two seconds", () => {
    const { reading } = small.read(other);
    small.append(one, 0);
    small.pass(5);

    small.broker.wipe();
    small.settled(reading.ended);
    expect(() => small.settled(one.streamEnd("EV_shelf"))).toThrow(/stream not found/);
    small.pass(2_000);

    expect(small.settled(one.streamEnd("EV_shelf"))).toEqual({
      messages: 0,
      lastSeq: 0,
      missing: 0,
    });
    small.append(one, 0, "anew");
    expect(small.read(other).texts).toEqual(["anew"]);
  });

  test("hands over nothing to a reading that was closed", () => {
    const { texts, reading } = small.read(other);

    small.settled(reading.close());
    small.append(one, 0);
    small.pass(100);

    expect(texts).toEqual([]);
  });
});
