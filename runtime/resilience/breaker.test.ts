import { afterEach, expect, setSystemTime, test } from "bun:test";
import { ContractError, DomainError, TransportError } from "../contract/errors.ts";
import { Breaker } from "./breaker.ts";

const START_MS = 1_767_225_600_000;
afterEach(() => void setSystemTime());

const away = () => Promise.reject(new TransportError("UNREACHABLE", "no", "away"));
const fine = async () => "fine";

/** A breaker after so many failures in a row. */
async function failed(times: number): Promise<Breaker> {
  setSystemTime(START_MS);
  const breaker = new Breaker("tea at shelf-1");
  for (let time = 0; time < times; time++) await breaker.run(away).catch(() => {});
  return breaker;
}

test("the fifth failure in a row opens the circuit, which refuses without a call", async () => {
  const breaker = await failed(4);
  expect(breaker.state).toBe("closed");
  await breaker.run(away).catch(() => {});
  expect(breaker.state).toBe("open");
  let called = false;
  const refused = breaker.run(async () => {
    called = true;
  });
  await expect(refused).rejects.toMatchObject({
    name: "TransportError",
    code: "BREAKER_OPEN",
    executed: "no",
    message:
      "tea at shelf-1 did not answer 5 times in a row, so it is left alone for a moment. " +
      "Try again later.",
  });
  expect(called).toBe(false);
});

test("a success in between begins the count anew", async () => {
  const breaker = await failed(4);
  await breaker.run(fine);
  for (let time = 0; time < 4; time++) await breaker.run(away).catch(() => {});
  expect(breaker.state).toBe("closed");
});

test.each([
  ["a declared refusal", new DomainError("TOO_FEW", {}, "shelf.take")],
  ["a misfit", new ContractError("hm")],
  ["another's open circuit", new TransportError("BREAKER_OPEN", "no", "open")],
  ["a defect", new RangeError("hm")],
])("%s is an answer and opens nothing", async (_what, error) => {
  const breaker = await failed(0);
  for (let time = 0; time < 10; time++) {
    await expect(breaker.run(() => Promise.reject(error))).rejects.toBe(error);
  }
  expect(breaker.state).toBe("closed");
});

test("after a pause one call tries, and those beside it are refused at once", async () => {
  const breaker = await failed(5);
  setSystemTime(START_MS + 1_001);
  const gate = Promise.withResolvers<string>();
  const probe = breaker.run(() => gate.promise);
  expect(breaker.state).toBe("half-open");
  await expect(breaker.run(fine)).rejects.toMatchObject({ code: "BREAKER_OPEN", executed: "no" });
  gate.resolve("back");
  expect(await probe).toBe("back");
  expect(breaker.state).toBe("closed");
});

test("each failed try doubles the pause, up to a minute", async () => {
  const breaker = await failed(5);
  let nowMs = START_MS;
  const pauses: number[] = [];
  for (let tries = 0; tries < 9; tries++) {
    let pauseMs = 0;
    while (breaker.state === "open") {
      pauseMs += 500;
      setSystemTime(nowMs + pauseMs);
      const met = await breaker.run(away).catch((error: TransportError) => error.code);
      if (met === "UNREACHABLE") break;
    }
    nowMs += pauseMs;
    pauses.push(pauseMs);
  }
  expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000]);
});

test("a refusal by the one that is tried closes the circuit: it is back", async () => {
  const breaker = await failed(5);
  setSystemTime(START_MS + 1_001);
  const refusal = new DomainError("TOO_FEW", {}, "shelf.take");
  await expect(breaker.run(() => Promise.reject(refusal))).rejects.toBe(refusal);
  expect(breaker.state).toBe("closed");
});

test("what was begun before the break and fails after it opens nothing again", async () => {
  const breaker = await failed(0);
  const late = Promise.withResolvers<string>();
  const begunBefore = breaker.run(() => late.promise).catch(() => "failed");
  for (let time = 0; time < 5; time++) await breaker.run(away).catch(() => {});
  setSystemTime(START_MS + 1_001);
  const probe = Promise.withResolvers<string>();
  const tried = breaker.run(() => probe.promise);
  late.reject(new TransportError("DEADLINE", "unknown", "late"));
  expect(await begunBefore).toBe("failed");
  expect(breaker.state).toBe("half-open");
  probe.resolve("back");
  await tried;
  expect(breaker.state).toBe("closed");
});
