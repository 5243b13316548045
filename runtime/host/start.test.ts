import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import type { Call } from "../contract/call.ts";
import { contract, query } from "../contract/contract.ts";
import { t } from "../contract/schema.ts";
import { type Edge, Elysia } from "../http.ts";
import { defineModule } from "../module/define-module.ts";
import { handler } from "../module/handler.ts";
import { eventually } from "../testing/eventually.ts";
import { shelf } from "../testing/sample/contracts.ts";
import { shelfModule } from "../testing/sample/shelf.ts";
import { silent } from "../testing/silent-log.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { inProcess } from "../transport/in-process.ts";
import { lookAt } from "./look.ts";
import { realEnvironment } from "./real-environment.ts";
import { start } from "./start.ts";
import type { System } from "./system.ts";

const http = (edge: Edge) =>
  new Elysia({ name: "shelf" })
    .use(edge)
    .get("/v1/tea", ({ call }) => call(shelf.countOf, { thing: "tea" }), { access: "public" });

const settings = {
  placement: { name: "all", modules: ["shelf"], role: "edge", index: 0, isMember: false },
  host: "127.0.0.1",
  natsUrl: undefined,
  drainMs: 0,
  publicUrl: undefined,
  development: true,
  demo: true,
  ports: new Map(),
} as const;

test("nothing is answered of a shop that is being filled, and all of it afterwards", async () => {
  using place = temporaryFolder();
  const environment = realEnvironment();
  const port = freePort();
  const tea = () => fetch(`http://127.0.0.1:${port}/v1/tea`);
  const early: Response[] = [];
  const system: System = {
    modules: [
      {
        contract: shelf,
        module: async () => ({ default: shelfModule }),
        http: async () => ({ http }),
      },
    ],
    topologies: {},
    authenticator: () => Promise.resolve(() => Promise.reject(new Error("No token is sent."))),
    async demo(call: Call<typeof shelf>) {
      early.push(await tea());
      await call(shelf.put, { thing: "tea", count: 1 });
      early.push(await tea());
    },
  };
  const openTransport = async () => inProcess(environment);
  const where = { ...settings, port, folder: place.path };
  const running = await start(system, where, { environment, log: silent, openTransport });
  await using _ = { [Symbol.asyncDispose]: () => running.stop() };
  expect(early.map((answer) => answer.status)).toEqual([503, 503]);
  expect(early[0]?.headers.get("retry-after")).toBe("1");
  const answer = await tea();
  expect(await answer.json()).toEqual({ count: 1 });
});

test("two modules with one route are refused by a sentence about both", async () => {
  using place = temporaryFolder();
  const environment = realEnvironment();
  const entry = (name: string) => ({
    contract: contract(name, {}),
    module: () => Promise.reject(new Error("No inside is loaded.")),
    http: async () => ({ http }),
  });
  const system: System = {
    modules: [entry("shelf"), entry("desk")],
    topologies: {},
    authenticator: () => Promise.resolve(() => Promise.reject(new Error("No token is sent."))),
    demo: () => Promise.reject(new Error("Nothing is filled.")),
  };
  const placement = { ...settings.placement, modules: [] };
  const folder = `${place.path}/data`;
  const where = { ...settings, placement, port: 0, folder, demo: false };
  const openTransport = async () => inProcess(environment);
  await expect(start(system, where, { environment, log: silent, openTransport })).rejects.toThrow(
    "The routes GET /v1/tea of the module shelf and GET /v1/tea of the module desk are the same.",
  );
  expect(existsSync(folder)).toBe(false);
});

test.each([
  [undefined, 200],
  ["http://localhost:8080", 200],
  ["https://shop.example", 404],
  ["http://192.168.1.7:3000", 404],
])("with PUBLIC_URL %p a development page is answered with %p", async (publicUrl, status) => {
  using place = temporaryFolder();
  const environment = realEnvironment();
  const page = (edge: Edge) =>
    new Elysia().use(edge).get("/dev/page", () => "page", { access: "public" });
  const system: System = {
    modules: [
      {
        contract: shelf,
        module: async () => ({ default: shelfModule }),
        http: async () => ({ http: page }),
      },
    ],
    topologies: {},
    authenticator: () => Promise.resolve(() => Promise.reject(new Error("No token is sent."))),
    demo: async () => {},
  };
  const openTransport = async () => inProcess(environment);
  const where = { ...settings, port: 0, folder: place.path, publicUrl };
  const running = await start(system, where, { environment, log: silent, openTransport });
  await using _ = { [Symbol.asyncDispose]: () => running.stop() };
  expect((await fetch(`${running.url}/dev/page`)).status).toBe(status);
});

test("a query that blocks its process for too long is named in the status", async () => {
  using place = temporaryFolder();
  const folder = place.path;
  const environment = realEnvironment();
  const slow = contract("slow", { sum: query({ input: t.Object({}), output: t.Object({}) }) });
  const sum = handler(slow.sum, () => {
    const untilMs = environment.monotonic() + 600;
    while (environment.monotonic() < untilMs);
    return {};
  });
  const module = defineModule({ contract: slow, migrations: [], handlers: { sum } });
  const routes = (edge: Edge) =>
    new Elysia({ name: "slow" })
      .use(edge)
      .get("/v1/sum", ({ call }) => call(slow.sum, {}), { access: "public" });
  const system: System = {
    modules: [
      {
        contract: slow,
        module: async () => ({ default: module }),
        http: async () => ({ http: routes }),
      },
    ],
    topologies: {},
    authenticator: () => Promise.resolve(() => Promise.reject(new Error("No token is sent."))),
    demo: async () => {},
  };
  const placement = { ...settings.placement, modules: ["slow"] };
  const openTransport = async () => inProcess(environment);
  const where = { ...settings, placement, port: 0, folder };
  const tools = { environment, log: silent, openTransport };
  await using stack = new AsyncDisposableStack();
  const running = await start(system, where, tools);
  stack.defer(() => running.stop());
  const look = { folder, modules: ["slow"], environment, log: silent };
  const { blocking } = await eventually(
    // It is not blamed for what a machine that is too busy does not let it compute.
    async () => {
      expect(await (await fetch(`${running.url}/v1/sum`)).json()).toEqual({});
      return await lookAt(look);
    },
    (status) => status.blocking.length > 0,
  );
  expect(blocking[0]).toMatch(/^slow\.sum blocked all .* in the last hour, for \d+ ms at most, /);
});

function freePort(): number {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  listener.stop(true);
  return listener.port;
}
