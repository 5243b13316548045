import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DomainError, TransportError } from "../contract/errors.ts";
import { problem } from "../http.ts";
import { problemOf } from "./problem.ts";

test.each([
  ["ORDER_NOT_FOUND", 404],
  ["EMAIL_TAKEN", 409],
  ["COUPON_EXISTS", 409],
  ["PRICE_CHANGED", 409],
  ["CART_LOCKED", 409],
  ["CHECKOUT_IN_PROGRESS", 409],
  ["CHECKOUT_DECIDED", 409],
  ["PAYMENT_MISMATCH", 409],
  ["ALREADY_SHIPPED", 409],
  ["ILLEGAL_TRANSITION", 409],
  ["NOT_CANCELLABLE", 409],
  ["INVALID_CREDENTIALS", 401],
  ["INVALID_TOKEN", 401],
  ["TOO_MANY_ATTEMPTS", 429],
  ["OUT_OF_STOCK", 422],
  ["ANYTHING_ELSE", 422],
])("the declared error %s is a %p", (code, status) => {
  const { body } = problemOf(new DomainError(code, { id: 1 }, "shop.buy"));
  expect(body).toMatchObject({ status, code: code.toLowerCase(), data: { id: 1 } });
  expect(body.title).not.toBe("Error");
});

test("each status that the gateway or a route answers has a title", () => {
  const root = join(import.meta.dir, "../..");
  const files = ["runtime/gateway", "modules"].flatMap((folder) => [
    ...new Bun.Glob(`${folder}/**/*.ts`).scanSync(root),
  ]);
  const sources = files.filter((path) => !path.endsWith(".test.ts"));
  const texts = sources.map((path) => readFileSync(join(root, path), "utf8")).join();
  const used = texts.matchAll(/\bstatus: ([45]\d\d),\s+code:|\bproblem\(([45]\d\d),/g);
  const statuses = Array.from(used, ([, own, thrown]) => Number(own ?? thrown));
  expect(statuses).toContain(408);
  for (const status of statuses) {
    const { title } = problemOf(problem(status, "any", "Any.")).body;
    expect([status, title]).not.toEqual([status, "Error"]);
  }
});

test("a refusal that says when to come back sets Retry-After, in whole seconds", () => {
  const error = new DomainError("TOO_MANY_ATTEMPTS", { retryAfterSeconds: 2.5 }, "users.login");
  expect(problemOf(error).headers).toEqual({ "retry-after": "3" });
});

test("a refusal without data shows none", () => {
  expect(problemOf(new DomainError("NO_DATA", {}, "shop.buy")).body).not.toHaveProperty("data");
});

test.each([
  ["DEADLINE", 504],
  ["UNREACHABLE", 503],
  ["BREAKER_OPEN", 503],
  ["OVERLOADED", 503],
  ["CANCELLED", 503],
] as const)("the transport error %s is a %p that says whether it was executed", (code, status) => {
  const { body, headers } = problemOf(
    new TransportError(code, "no", "internal words", { fault: "callee" }),
  );
  expect(body).toMatchObject({ status, code: code.toLowerCase(), executed: "no" });
  expect(headers["retry-after"]).toBe(status === 503 ? "1" : undefined);
  expect(JSON.stringify(body)).not.toContain("internal words");
});

test("an error from a second copy of this package is recognised by its name", () => {
  const foreign = Object.assign(new Error(), {
    name: "DomainError",
    code: "CART_LOCKED",
    data: {},
  });
  expect(problemOf(foreign).body.status).toBe(409);
});

test("a defect shows nothing of itself, whatever it calls its fields", () => {
  const words = {
    status: 418,
    code: "NOT_FOUND",
    detail: "internal words",
    data: "internal words",
  };
  const { body } = problemOf(Object.assign(new Error("internal words"), words));
  expect(body).toMatchObject({ status: 500, code: "internal" });
  expect(JSON.stringify(body)).not.toContain("internal words");
});

test("a route's own problem is shown as it is", () => {
  const { body } = problemOf(problem(412, "version_changed", "It moved on.", { version: 4 }));
  expect(body).toMatchObject({ status: 412, code: "version_changed", data: { version: 4 } });
});
