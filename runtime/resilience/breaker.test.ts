import { afterEach, describe, expect, setSystemTime, test } from "bun:test";
import { ContractError, DomainError, TransportError } from "../contract/errors.ts";
import {
  TEST_EPOCH_MS,
  type VirtualEnvironment,
  virtualEnvironment,
} from "../testing/virtual-environment.ts";
import { Breaker } from "./breaker.ts";

const HOUR_MS = 3_600_000;
afterEach(() => void setSystemTime());

const away = () =>
  Promise.reject(new TransportError("UNREACHABLE", "no", "away", { fault: "callee" }));
const fine = async () => "fine";
const givenUp = () =>
  Promise.reject(new TransportError("CANCELLED", "unknown", "given up", { fault: "caller" }));

/** A breaker after so many failures in a row, and its clock. */
async function failed(times: number) {
  const environment = virtualEnvironment();
  const breaker = new Breaker("tea at shelf-1", environment);
  for (let time = 0; time < times; time++) await breaker.run(away).catch(() => {});
  return { breaker, environment };
}

function pass(environment: VirtualEnvironment, ms: number): void {
  environment.moveTo(environment.monotonic() + ms);
}

test("the fifth failure in a row opens the circuit, which refuses without a call", async () => {
  const { breaker } = await failed(4);
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
  const { breaker } = await failed(4);
  await breaker.run(fine);
  for (let time = 0; time < 4; time++) await breaker.run(away).catch(() => {});
  expect(breaker.state).toBe("closed");
});

test.each([
  ["a declared refusal", new DomainError("TOO_FEW", {}, "shelf.take")],
  ["a misfit", new ContractError("hm")],
  [
    "another's open circuit",
    new TransportError("BREAKER_OPEN", "no", "open", { fault: "neither" }),
  ],
  ["a defect", new RangeError("hm")],
])("%s is an answer and opens nothing", async (_what, error) => {
  const { breaker } = await failed(0);
  for (let time = 0; time < 10; time++) {
    await expect(breaker.run(() => Promise.reject(error))).rejects.toBe(error);
  }
  expect(breaker.state).toBe("closed");
});

test("what says that the other side is away can be told to it", async () => {
  const breaker = new Breaker("the post", virtualEnvironment(), (error) => error === "away");
  const reject = (error: unknown) => breaker.run(() => Promise.reject(error)).catch(() => {});
  for (let time = 0; time < 10; time++)
    await reject(new TransportError("DEADLINE", "no", "late", { fault: "callee" }));
  expect(breaker.state).toBe("closed");
  for (let time = 0; time < 5; time++) await reject("away");
  expect(breaker.state).toBe("open");
});

test("each failed try doubles the pause, up to a minute", async () => {
  const { breaker, environment } = await failed(5);
  const pauses: number[] = [];
  while (pauses.length < 9) {
    let pauseMs = 0;
    for (let met = ""; met !== "UNREACHABLE"; pauseMs += 500) {
      if (pauseMs > 0) pass(environment, 500);
      met = await breaker.run(away).catch((error: TransportError) => error.code);
    }
    pauses.push(pauseMs - 500);
  }
  expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000]);
});

test("the pause is short again once the other side was back", async () => {
  const { breaker, environment } = await failed(5);
  pass(environment, 1_000);
  await breaker.run(away).catch(() => {});
  pass(environment, 2_000);
  expect(await breaker.run(fine)).toBe("fine");
  for (let time = 0; time < 5; time++) await breaker.run(away).catch(() => {});
  pass(environment, 1_000);
  expect(await breaker.run(fine)).toBe("fine");
});

describe("traps of the library that are kept shut:", () => {
  test("failures count in a row, however rarely the other side is called", async () => {
    const { breaker, environment } = await failed(0);
    for (let time = 0; time < 5; time++) {
      expect(breaker.state).toBe("closed");
      await breaker.run(away).catch(() => {});
      pass(environment, HOUR_MS);
    }
    expect(breaker.state).toBe("open");
  });

  test("old failures and a new one open nothing when a success is between", async () => {
    const { breaker, environment } = await failed(4);
    await breaker.run(fine);
    for (let time = 0; time < 4; time++) await breaker.run(away).catch(() => {});
    await breaker.run(fine);
    pass(environment, HOUR_MS);
    await breaker.run(away).catch(() => {});
    expect(breaker.state).toBe("closed");
  });

  test("a call that its caller gave up is no failure, and no success either", async () => {
    const { breaker } = await failed(4);
    for (let time = 0; time < 10; time++) {
      await expect(breaker.run(givenUp)).rejects.toMatchObject({ code: "CANCELLED" });
    }
    expect(breaker.state).toBe("closed");
    await breaker.run(away).catch(() => {});
    expect(breaker.state).toBe("open");
  });

  test("a try that its caller gave up closes nothing, and the next call tries", async () => {
    const { breaker, environment } = await failed(5);
    pass(environment, 1_000);
    await expect(breaker.run(givenUp)).rejects.toMatchObject({ code: "CANCELLED" });
    expect(breaker.state).toBe("open");
    await expect(breaker.run(away)).rejects.toMatchObject({ code: "UNREACHABLE" });
    pass(environment, 1_500);
    await expect(breaker.run(fine)).rejects.toMatchObject({ code: "BREAKER_OPEN" });
    pass(environment, 500);
    expect(await breaker.run(fine)).toBe("fine");
  });

  test("a refusal by the one that is tried closes the circuit: it is back", async () => {
    const { breaker, environment } = await failed(5);
    pass(environment, 1_000);
    const refusal = new DomainError("TOO_FEW", {}, "shelf.take");
    await expect(breaker.run(() => Promise.reject(refusal))).rejects.toBe(refusal);
    expect(breaker.state).toBe("closed");
  });

  test("after the pause one call tries, and those beside it are refused at once", async () => {
    const { breaker, environment } = await failed(5);
    pass(environment, 1_000);
    const gate = Promise.withResolvers<string>();
    const probe = breaker.run(() => gate.promise);
    expect(breaker.state).toBe("half-open");
    await expect(breaker.run(fine)).rejects.toMatchObject({ code: "BREAKER_OPEN", executed: "no" });
    gate.resolve("back");
    expect(await probe).toBe("back");
    expect(breaker.state).toBe("closed");
  });

  test("one that is made anew is closed, whatever became of the one before", async () => {
    const { breaker, environment } = await failed(5);
    expect(JSON.stringify(breaker)).toBe('{"name":"tea at shelf-1"}');
    expect(new Breaker(breaker.name, environment).state).toBe("closed");
  });

  test("what was begun before the break and fails after it opens nothing again", async () => {
    const { breaker, environment } = await failed(0);
    const late = Promise.withResolvers<string>();
    const begunBefore = breaker.run(() => late.promise).catch(() => "failed");
    for (let time = 0; time < 5; time++) await breaker.run(away).catch(() => {});
    pass(environment, 1_000);
    const probe = Promise.withResolvers<string>();
    const tried = breaker.run(() => probe.promise);
    late.reject(new TransportError("DEADLINE", "unknown", "late", { fault: "callee" }));
    expect(await begunBefore).toBe("failed");
    expect(breaker.state).toBe("half-open");
    probe.resolve("back");
    await tried;
    expect(breaker.state).toBe("closed");
  });

  test("what was begun before the break and fails late does not begin the count anew", async () => {
    const { breaker, environment } = await failed(0);
    const late = Promise.withResolvers<string>();
    const begunBefore = breaker.run(() => late.promise).catch(() => "failed");
    for (let time = 0; time < 5; time++) await breaker.run(away).catch(() => {});
    pass(environment, 1_000);
    await breaker.run(fine);
    for (let time = 0; time < 4; time++) await breaker.run(away).catch(() => {});
    late.reject(new TransportError("DEADLINE", "unknown", "late", { fault: "callee" }));
    expect(await begunBefore).toBe("failed");
    await breaker.run(away).catch(() => {});
    expect(breaker.state).toBe("open");
  });

  test("the pause is of a clock that never jumps, whatever the system's clock does", async () => {
    setSystemTime(TEST_EPOCH_MS);
    const { breaker, environment } = await failed(5);
    setSystemTime(TEST_EPOCH_MS + HOUR_MS);
    await expect(breaker.run(fine)).rejects.toMatchObject({ code: "BREAKER_OPEN" });
    setSystemTime(TEST_EPOCH_MS - HOUR_MS);
    pass(environment, 1_000);
    expect(await breaker.run(fine)).toBe("fine");
  });
});
