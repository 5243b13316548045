import { describe, expect, test } from "bun:test";
import { type JsonLogOptions, jsonLog } from "./json-log.ts";

function opened(options: Partial<JsonLogOptions> = {}) {
  const written: string[] = [];
  const sink = (lines: string) => written.push(lines);
  const log = jsonLog({ level: "info", sink, now: () => 0, ...options });
  return { log, written, last: () => JSON.parse(written.at(-1) ?? "{}") };
}

describe("the log", () => {
  test("writes one JSON line with time, level, message and the fields given before", () => {
    const { log, written } = opened();
    log.with({ module: "orders" }).info("Line\nbreak", { count: 2n });
    expect(written).toEqual([
      '{"time":"1970-01-01T00:00:00.000Z","level":"info","message":"Line\\nbreak",' +
        '"module":"orders","count":"2"}\n',
    ]);
  });

  test("drops what is less serious than its level", () => {
    const { log, written } = opened({ level: "warn" });
    log.debug("no");
    log.info("no");
    log.warn("yes");
    log.error("yes");
    expect(written).toHaveLength(2);
  });

  test("shows no secret, at whatever depth and in whatever case", () => {
    const { log, written } = opened();
    const secret = "s3cr3t";
    log.info("signed in", {
      password: secret,
      headers: { Authorization: secret, "Set-Cookie": [secret], "x-cart-token": secret },
      list: [{ refreshToken: secret, accessToken: { value: secret }, clientSecret: secret }],
      error: Object.assign(new Error("refused", { cause: { api_key: secret } }), { secret }),
      url: `smtp://shop:${secret}@mail.example.com`,
      map: new Map([["privateKey", secret]]),
      authorizationId: "shown",
    });
    expect(written[0]).not.toContain(secret);
    expect(written[0]).toContain("shown");
  });

  test("shows each error of several", () => {
    const { log, last } = opened();
    log.warn("lost", { error: new AggregateError([new Error("one"), new Error("two")], "both") });
    expect(last().error.errors).toMatchObject([{ message: "one" }, { message: "two" }]);
  });

  test("shows errors with name, message, stack, code and cause", () => {
    const { log, last } = opened();
    const cause = new TypeError("deep");
    log.warn("failed", { error: Object.assign(new Error("top", { cause }), { code: "E1" }) });
    expect(last().error).toMatchObject({
      name: "Error",
      message: "top",
      code: "E1",
      cause: { name: "TypeError", message: "deep" },
    });
    expect(last().error.stack).toContain("json-log.test.ts");
  });

  test("survives what JSON does not: circles, depth, getters that throw, odd values", () => {
    const { log, last, written } = opened();
    const circle: Record<string, unknown> = {};
    circle["self"] = circle;
    let deep: unknown = "bottom";
    for (let level = 0; level < 100; level++) deep = { deep };
    const broken = Object.defineProperty({}, "x", {
      enumerable: true,
      get: () => {
        throw new Error("no");
      },
    });
    const revoked = Proxy.revocable({}, {});
    revoked.revoke();
    const odd = [undefined, Number.NaN, Symbol("s"), () => 1, new Date(Number.NaN), new Set([1])];
    log.info("odd", {
      circle,
      deep,
      broken,
      odd,
      revoked: revoked.proxy,
      bytes: new Uint8Array(9),
    });
    log.info("long", { text: "x".repeat(1e6), many: Array.from({ length: 1e5 }, () => 1) });
    expect(written[0]).toContain("[circular]");
    expect(written[0]).toContain("[deep]");
    expect(written[0]).toContain("[unreadable]");
    expect(last().many).toHaveLength(100);
    expect(written[1]?.length).toBeLessThan(10_000);
  });

  test("has no more than 1,000 values in a field, however they are nested", () => {
    const { log, written } = opened();
    let wide: unknown[] = Array.from({ length: 100 }, () => "leaf");
    for (let depth = 0; depth < 6; depth++) wide = Array.from({ length: 100 }, () => wide);
    log.info("wide", { wide });
    expect(written[0]?.split('"leaf"').length).toBeLessThan(1_000);
    expect(written[0]).toContain('"[more]"');
  });

  test("cannot have its own fields taken over", () => {
    const { log, last } = opened();
    log.info("real", { level: "error", message: "forged", time: "never" });
    expect(last()).toMatchObject({ level: "info", message: "real", field_message: "forged" });
  });

  test("gives lines of one turn to the sink together, and errors at once", () => {
    const deferred: (() => void)[] = [];
    const { log, written } = opened({ defer: (work) => deferred.push(work) });
    log.info("one");
    log.info("two");
    expect([written.length, deferred.length]).toEqual([0, 1]);
    deferred[0]?.();
    expect(written[0]?.split("\n")).toHaveLength(3);
    log.info("three");
    log.error("four");
    expect(written[1]?.split("\n")).toHaveLength(3);
  });
});
