import { describe, expect, test } from "bun:test";
import { blockedMs, oneMore } from "./attempts.ts";
import { isWornOut, stillTrusted } from "./keys.ts";
import { isTooCommon, normaliseEmail } from "./passwords.ts";
import { fingerprint, successorOf } from "./refresh-tokens.ts";
import { endsAtMs, useOf } from "./sessions.ts";

const DAY_MS = 24 * 60 * 60_000;

describe("failed logins", () => {
  test.each([
    [1, 0],
    [4, 0],
    [5, 32],
    [6, 64],
    [9, 512],
    [10, 900],
    [60, 900],
    [5_000, 900],
  ])("after %d in a row the next attempt waits %d seconds", (count, seconds) => {
    expect(blockedMs({ count, lastFailedAtMs: 7 }, 7)).toBe(seconds * 1_000);
  });

  test("leave at most 60 tries an hour to a guesser who never tires", () => {
    let failures = { count: 5, lastFailedAtMs: 0 };
    let tries = 5;
    for (let nowMs = 0; nowMs < 3_600_000; nowMs += 1_000) {
      if (blockedMs(failures, nowMs) > 0) continue;
      failures = oneMore(failures, nowMs);
      tries += 1;
    }
    expect(tries).toBeLessThanOrEqual(60);
  });

  test("of yesterday are forgotten", () => {
    const failures = { count: 9, lastFailedAtMs: 0 };
    expect(oneMore(failures, DAY_MS).count).toBe(10);
    expect(oneMore(failures, DAY_MS + 1).count).toBe(1);
  });
});

describe("refresh tokens", () => {
  test.each([
    ["first", null, false, 0],
    ["again", 0, false, 10_000],
    ["stolen", 0, false, 10_001],
    ["stolen", 0, true, 1],
  ] as const)("it is %s when used at %p, successor used %p, now %d", (use, usedAtMs, used, now) => {
    expect(useOf({ usedAtMs, successorUsed: used }, now)).toBe(use);
  });

  test("follow from the token and the secret, and from nothing less", () => {
    const successor = successorOf("token", "secret");
    expect(successor).toHaveLength(43);
    expect(successorOf("token", "secret")).toBe(successor);
    expect(successorOf("token", "other")).not.toBe(successor);
    expect(successorOf("other", "secret")).not.toBe(successor);
    expect(fingerprint("token")).not.toBe(successor);
  });

  test("live 14 days from their last use, and no longer than 90 in all", () => {
    expect(endsAtMs({ openedAtMs: 0, nowMs: 0 })).toBe(14 * DAY_MS);
    expect(endsAtMs({ openedAtMs: 0, nowMs: 80 * DAY_MS })).toBe(90 * DAY_MS);
  });
});

describe("signing keys", () => {
  const key = (madeAtMs: number) => ({ madeAtMs });

  test("sign for 30 days", () => {
    expect(isWornOut(key(0), 30 * DAY_MS - 1)).toBe(false);
    expect(isWornOut(key(0), 30 * DAY_MS)).toBe(true);
  });

  test("are trusted until the last token they can have signed is over", () => {
    const keys = [key(2 * DAY_MS), key(DAY_MS), key(0)];
    expect(stillTrusted(keys, 2 * DAY_MS)).toEqual([key(2 * DAY_MS), key(DAY_MS)]);
    expect(stillTrusted(keys, 2 * DAY_MS + 660_000)).toEqual([key(2 * DAY_MS)]);
    expect(stillTrusted([], 0)).toEqual([]);
  });
});

describe("passwords", () => {
  test.each([
    ["password", true],
    ["PASSWORD", true],
    ["Ada.Byron", true],
    ["ada.byron@example.com", true],
    ["ada.byron1", false],
    ["correct horse battery", false],
  ])("%s is too common: %p", (password, expected) => {
    expect(isTooCommon(password, " Ada.Byron@Example.com")).toBe(expected);
  });

  test("an address has one form", () => {
    expect(normaliseEmail("\t ADA@Example.COM \n")).toBe("ada@example.com");
  });
});
