import { describe, expect, test } from "bun:test";
import { virtualEnvironment } from "../testing/virtual-environment.ts";
import { Alarm } from "./alarm.ts";

function set() {
  const environment = virtualEnvironment();
  const rings: number[] = [];
  const alarm = new Alarm(environment, () => rings.push(environment.monotonic()));
  const startMs = environment.monotonic();
  return {
    rings,
    alarm,
    startMs,
    pass: (ms: number) => environment.moveTo(environment.monotonic() + ms),
  };
}

describe("an alarm", () => {
  test("rings once, at the earliest of the times it was given", () => {
    const { rings, alarm, startMs, pass } = set();
    for (const inMs of [500, 200, 900]) alarm.ringBy(startMs + inMs);
    pass(1_000);
    expect(rings).toEqual([startMs + 200]);
  });

  test("can be set anew by whoever hears it", () => {
    const { rings, alarm, startMs, pass } = set();
    alarm.ringBy(startMs + 100);
    pass(100);
    alarm.ringBy(startMs + 300);
    pass(1_000);
    expect(rings).toEqual([startMs + 100, startMs + 300]);
  });

  test("waits ten milliseconds for what is due already, and never rings for no time at all", () => {
    const { rings, alarm, startMs, pass } = set();
    alarm.ringBy(Number.POSITIVE_INFINITY);
    pass(1_000);
    alarm.ringBy(startMs);
    pass(1_000);
    expect(rings).toEqual([startMs + 1_010]);
  });
});
