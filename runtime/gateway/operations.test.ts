import { afterAll, expect, test } from "bun:test";
import { contract } from "../contract/contract.ts";
import { realEnvironment } from "../host/real-environment.ts";
import { silent } from "../testing/silent-log.ts";
import { gateway } from "./gateway.ts";
import { operationRoutes } from "./operations.ts";

const asked: { readonly procedure: string; readonly input: unknown }[] = [];
const reader = { module: "shelf", reader: "desk", events: ["taken"], position: 3 };
const answers: Record<string, unknown> = {
  "shelf.cleaveReaders": [{ ...reader, missing: { count: 3, isExact: true, upTo: 6 } }],
  "desk.cleaveReaders": [],
  "desk.cleaveSkip": { skipped: true },
  "desk.cleaveDeadLetters": [{ module: "desk", id: 1, diedAtMs: 20 }],
  "shelf.cleaveDeadLetters": [{ module: "shelf", id: 9, diedAtMs: 10 }],
};
const served = gateway({
  routes: [operationRoutes([contract("desk", {}), contract("shelf", {})])],
  invoke: async ({ module, name }, input) => {
    asked.push({ procedure: `${module}.${name}`, input });
    return answers[`${module}.${name}`];
  },
  authenticate: async () => ({ kind: "user", userId: "usr_1", role: "admin" }),
  host: "127.0.0.1",
  port: 0,
  log: silent,
  environment: realEnvironment(),
  development: true,
  ready: () => true,
});
afterAll(() => served.stop(1_000));

async function ask(method: string, path: string): Promise<unknown> {
  asked.length = 0;
  const headers = { authorization: "Bearer token" };
  return await (await fetch(`${served.url}/v1/admin/${path}`, { method, headers })).json();
}

test("a consumer passes over what its producer says that it misses, and nothing more", async () => {
  expect(await ask("POST", "consumers/desk/shelf/skip")).toEqual({ skipped: true });
  expect(asked).toEqual([
    { procedure: "shelf.cleaveReaders", input: {} },
    { procedure: "desk.cleaveSkip", input: { producer: "shelf", upTo: 6 } },
  ]);
  expect(await ask("POST", "consumers/shelf/desk/skip")).toEqual({ skipped: false });
  expect(asked).toHaveLength(1);
});

test("dead letters of all modules come oldest first, and a module's by the page", async () => {
  expect(await ask("GET", "dead-letters")).toMatchObject([{ id: 9 }, { id: 1 }]);
  await ask("GET", "dead-letters?module=desk&after=7&source=shelf&key=tea");
  expect(asked).toEqual([
    {
      procedure: "desk.cleaveDeadLetters",
      input: { limit: 100, after: 7, source: "shelf", messageKey: "tea" },
    },
  ]);
});
