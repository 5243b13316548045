import { describe, expect, test } from "bun:test";
import { Line } from "./line.ts";
import { heard, Small, textOf } from "./small.ts";

/** Where faults happen as often as is told. */
function troubled(rates: ConstructorParameters<typeof Small>[1], seed = 1) {
  const small = new Small(seed, rates);
  const one = small.connect("shelf");
  const other = small.connect("desk");
  const begin = () => {
    small.pass(5);
    small.world.faults.on = true;
  };
  return { small, one, other, begin };
}

describe("a message", () => {
  test("that is lost does not come, and its sender does not know", () => {
    const { small, one, other, begin } = troubled({ "message-lost": 0.5 });
    const texts = heard(other, "a");
    begin();

    for (let count = 0; count < 100; count++) one.publish("a", `${count}`);
    small.pass(10_000);

    expect(texts.length).toBeGreaterThan(20);
    expect(texts.length).toBeLessThan(80);
  });

  test("that is doubled comes twice", () => {
    const { small, one, other, begin } = troubled({ "message-doubled": 1 });
    const texts = heard(other, "a");
    begin();

    one.publish("a", "x");
    small.pass(5);

    expect(texts).toEqual(["x", "x"]);
  });

  test("that is late holds up those behind it: a connection keeps its order", () => {
    const { small, one, other, begin } = troubled({ "message-late": 0.2 });
    const texts = heard(other, "a");
    begin();

    const sent = Array.from({ length: 50 }, (_, count) => `${count}`);
    for (const text of sent) {
      one.publish("a", text);
      small.pass(1);
    }
    expect(texts.length).toBeLessThan(50);
    small.pass(60_000);

    expect(texts).toEqual(sent);
  });

  test("that is very late comes when its sender was long started again, and asked anew", () => {
    const orders = new Set<string>();
    for (let seed = 1; seed <= 60; seed++) {
      const small = new Small(seed, { "message-late": 1 });
      const process = small.process("shelf");
      const one = small.connect("shelf", process);
      const texts = heard(small.connect("desk"), "a");
      small.pass(5);
      small.world.faults.on = true;
      one.publish("a", "before");
      small.world.faults.on = false;
      small.pass(1);
      process.kill("killed");
      const again = small.connect("shelf");
      small.pass(5_000);
      again.publish("a", "after");
      small.pass(10_000);
      orders.add(texts.join());
    }
    expect([...orders].sort()).toEqual(["after,before", "before,after"]);
  });

  test("is stored although the broker's word for it is lost", () => {
    const { small, one, begin } = troubled({ "reply-lost": 1 });
    begin();

    const outcome = small.append(one, 0);
    small.pass(6_000);

    expect(outcome()).toMatch(/did not answer in time/);
    expect(small.broker.lastSeqOf("EV_shelf")).toBe(1);
  });

  test("that is appended twice is stored once", () => {
    const { small, one, begin } = troubled({ "message-doubled": 1 });
    begin();

    const outcome = small.append(one, 0);
    small.pass(10);

    expect([outcome(), small.broker.lastSeqOf("EV_shelf")]).toEqual(["stored", 1]);
  });
});

describe("a connection", () => {
  test("that is lost comes back within half a second", () => {
    const { small, other, begin } = troubled({ disconnect: 1 });
    begin();

    small.broker.everySecond();
    small.pass(5);
    expect(other.isUp).toBe(false);
    small.pass(500);

    expect(other.isUp).toBe(true);
  });

  test("takes with it what had not arrived", () => {
    const { small, one, other, begin } = troubled({ disconnect: 1 });
    const texts = heard(other, "a");
    begin();

    one.publish("a", "under way");
    small.broker.everySecond();
    small.pass(1_000);
    one.publish("a", "after");
    small.pass(5);

    expect(texts).toEqual(["after"]);
  });

  test("of one who stands still is left at last; what had come to them is taken, or not", () => {
    const taken = new Set<string>();
    for (let seed = 1; seed <= 20; seed++) {
      const small = new Small(seed);
      const process = small.process("desk");
      const [one, other] = [small.connect("shelf"), small.connect("desk", process)];
      const texts = heard(other, "a");
      const codes: unknown[] = [];
      one.listen("_INBOX.shelf", ({ headers }) => codes.push(headers?.code));
      small.pass(5);
      process.stop(60_000);
      for (const text of ["early", "late"]) {
        one.publish("a", text, { reply: "_INBOX.shelf" });
        for (let second = 0; second < 20; second++) {
          small.broker.everySecond();
          small.pass(1_000);
        }
      }
      expect([texts, codes]).toEqual([[], [503]]);
      small.pass(25_000);
      expect(other.isUp).toBe(true);
      taken.add(texts.join());
    }
    expect([...taken].sort()).toEqual(["", "early"]);
  });

  test("of one who is cut off is left at last; who asks them hears that nobody is there", () => {
    const outcomes = new Set<string>();
    for (let seed = 1; seed <= 40; seed++) {
      const { small, other, begin } = troubled({ partition: 1 }, seed);
      const texts = heard(other, "a");
      begin();
      small.broker.everySecond();
      small.world.faults.on = false;
      const asking = small.connect("till");
      const codes: unknown[] = [];
      asking.listen("_INBOX.till", ({ headers }) => codes.push(headers?.code));
      for (let second = 0; second < 18; second++) {
        small.broker.everySecond();
        small.pass(1_000);
      }
      asking.publish("a", "x", { reply: "_INBOX.till" });
      small.pass(5);
      outcomes.add([...texts, ...codes].join());
    }
    expect([...outcomes].sort()).toEqual(["503", "x"]);
  });

  test("that is cut off once more, for less, comes back no sooner and is left no later", () => {
    const small = new Small();
    const { world, broker: exchange } = small;
    const line = new Line({ world, exchange, process: small.process("desk"), user: "desk" });
    small.settled(line.open());
    line.cutOff(60_000);
    small.pass(9_000);
    line.cutOff(30_000);

    small.pass(7_000);
    expect([line.isSilent, line.session]).toEqual([true, undefined]);
    small.pass(43_900);
    expect([line.isSilent, line.session]).toEqual([true, undefined]);
    small.pass(1_000);
    expect([line.isSilent, line.session?.isOpen]).toEqual([false, true]);
  });

  test("that is cut off passes nothing, and later what was sent or no more", () => {
    const passed = new Set<string>();
    const noticed = new Set<boolean>();
    for (let seed = 1; seed <= 60; seed++) {
      const { small, one, other, begin } = troubled({ partition: 1 }, seed);
      const texts = heard(other, "a");
      let isNoticed = false;
      one.onDown(() => {
        isNoticed = true;
      });
      begin();

      small.broker.everySecond();
      one.publish("a", "x");
      small.pass(400);
      expect(texts).toEqual([]);
      small.pass(100_000);

      expect([one.isUp, other.isUp]).toEqual([true, true]);
      passed.add(texts.join());
      noticed.add(isNoticed);
    }
    expect([...passed].sort()).toEqual(["", "x"]);
    expect([...noticed].sort()).toEqual([false, true]);
  });
});

describe("a broker that fails", () => {
  /** What a stream has, and what its reader was handed, after a failure. */
  function afterFailure(seed: number) {
    const { small, one, other, begin } = troubled({ "broker-loss": 1 }, seed);
    const { texts } = small.read(other);
    for (let last = 0; last < 20; last++) small.append(one, last);
    small.pass(10);
    begin();
    small.broker.restart();
    small.pass(6_000);
    const kept = small.broker.lastSeqOf("EV_shelf") ?? -1;
    const handed = texts.length;
    for (let last = kept; last < 20; last++) small.append(one, last, `new ${last + 1}`);
    small.pass(1_000);
    return { kept, handed, texts };
  }
  const outcomes = Array.from({ length: 40 }, (_, index) => afterFailure(index + 1));

  test("may lose the end of a stream, or not", () => {
    expect(outcomes.some(({ kept }) => kept < 20)).toBe(true);
    expect(outcomes.some(({ kept }) => kept === 20)).toBe(true);
    expect(outcomes.every(({ kept }) => kept >= 0)).toBe(true);
  });

  test("may hand over again what was acknowledged, or not", () => {
    expect(outcomes.some(({ kept, handed }) => kept > 0 && handed > 20)).toBe(true);
    expect(outcomes.some(({ handed }) => handed === 20)).toBe(true);
  });

  test("may pass over what is appended where a reader had been", () => {
    const passedOver = ({ kept, texts }: (typeof outcomes)[number]) =>
      kept < 20 && !texts.some((text) => text.startsWith("new"));

    expect(outcomes.some(passedOver)).toBe(true);
    expect(outcomes.every(passedOver)).toBe(false);
  });

  test("loses with its machine what is not on the disk, also while it is restarting", () => {
    const kept = Array.from({ length: 20 }, (_, index) => {
      const { small, one } = troubled({}, index + 1);
      for (let last = 0; last < 20; last++) small.append(one, last);
      small.pass(10);
      small.broker.restart();
      small.pass(1);
      small.broker.failWithMachine();
      small.pass(6_000);
      return small.broker.lastSeqOf("EV_shelf") ?? -1;
    });
    expect(kept.some((last) => last < 20)).toBe(true);
  });

  test("may come back with a stream that is damaged in any of the ways that were seen", () => {
    const notes = new Set<string>();
    for (let seed = 1; seed <= 60; seed++) {
      const { small, one, other, begin } = troubled({ "stream-damaged": 1 }, seed);
      small.read(other);
      for (let last = 0; last < 20; last++) small.append(one, last);
      begin();
      small.broker.everySecond();
      small.world.faults.on = false;
      small.pass(5_000);
      const { messages, lastSeq, missing } = small.settled(one.streamEnd("EV_shelf"));
      const delivered = small.settled(one.delivered("EV_shelf", "desk"));
      const outcome = small.append(one, lastSeq, "new");
      small.pass(100);
      const parts = [
        missing > 0 && "missing",
        messages + missing < 20 && "short",
        (delivered ?? 0) > lastSeq && "ahead",
        outcome() === "waiting" && "silent",
        outcome().startsWith("wrong") && "refusing",
      ];
      notes.add(parts.filter(Boolean).join());
    }
    expect([...notes].sort()).toEqual([
      "",
      "ahead",
      "missing",
      "short,ahead",
      "short,ahead,refusing",
      "silent",
    ]);
  });

  test("has a stream made anew that its producer says is damaged", () => {
    const { small, one } = troubled({});
    for (let last = 0; last < 3; last++) small.append(one, last);
    small.pass(10);

    for (const payload of ["{}", '{"rebuild":1}', '{"rebuild":"x","type":"y"}', ""]) {
      one.publish("rebuild.shelf", payload);
    }
    small.pass(10_000);
    expect(small.broker.lastSeqOf("EV_shelf")).toBe(3);
    one.publish("rebuild.shelf", '{"rebuild":"message 3 cannot be read"}');
    small.pass(10_000);

    expect(small.broker.lastSeqOf("EV_shelf")).toBe(0);
  });

  test("may come back with a stream as it was some time ago", () => {
    const { small, one, begin } = troubled({ "stream-rewound": 1 });
    for (let last = 0; last < 20; last++) small.append(one, last);
    begin();

    small.broker.everySecond();
    small.pass(5_000);

    expect(small.broker.lastSeqOf("EV_shelf")).toBeLessThan(20);
  });
});

describe("a run", () => {
  /** Everything at once for ten minutes; what comes of it as one digest. */
  function digestOf(seed: number): string {
    const rates = {
      "message-late": 0.01,
      "message-lost": 0.01,
      "message-doubled": 0.01,
      "reply-lost": 0.01,
      disconnect: 0.02,
      partition: 0.01,
      "broker-restart": 0.02,
      "broker-loss": 0.5,
      "stream-wiped": 0.01,
      "stream-rewound": 0.01,
      "stream-damaged": 0.01,
    };
    const { small, one, other, begin } = troubled(rates, seed);
    small.read(other);
    one.listen("ask", ({ reply = "" }) => one.publish(reply, "answer"), { queue: "shelf" });
    other.listen("_INBOX.desk.*", (message) => void textOf(message));
    begin();
    for (let second = 0; second < 600; second++) {
      small.broker.everySecond();
      other.publish("ask", `${second}`, { reply: `_INBOX.desk.${second}` });
      small.append(one, small.broker.lastSeqOf("EV_shelf") ?? 0);
      small.pass(1_000);
    }
    return small.world.trace.digest;
  }

  test("depends on its seed alone", () => {
    expect(digestOf(7)).toBe(digestOf(7));
    expect(digestOf(8)).not.toBe(digestOf(7));
  });
});
