import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import type { Call } from "../contract/call.ts";
import { contract } from "../contract/contract.ts";
import { type Edge, Elysia } from "../http.ts";
import { shelf } from "../testing/sample/contracts.ts";
import { shelfModule } from "../testing/sample/shelf.ts";
import { silent } from "../testing/silent-log.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { inProcess } from "../transport/in-process.ts";
import { realEnvironment } from "./real-environment.ts";
import { start } from "./start.ts";
import type { System } from "./system.ts";

const http = (edge: Edge) =>
  new Elysia({ name: "shelf" })
    .use(edge)
    .get("/v1/tea", ({ call }) => call(shelf.countOf, { thing: "tea" }), { access: "public" });

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
  const settings = {
    placement: { name: "all", modules: ["shelf"], role: "edge", index: 0, isMember: false },
    host: "127.0.0.1",
    port,
    folder: place.path,
    natsUrl: undefined,
    drainMs: 0,
    publicUrl: undefined,
    development: true,
    demo: true,
    ports: new Map(),
  } as const;
  const openTransport = async () => inProcess(environment);
  const running = await start(system, settings, { environment, log: silent, openTransport });
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
  const settings = {
    placement: { name: "edge", modules: [], role: "edge", index: 0, isMember: false },
    host: "127.0.0.1",
    port: 0,
    folder: `${place.path}/data`,
    natsUrl: undefined,
    publicUrl: undefined,
    development: true,
    drainMs: 0,
    demo: false,
    ports: new Map(),
  } as const;
  const openTransport = async () => inProcess(environment);
  await expect(
    start(system, settings, { environment, log: silent, openTransport }),
  ).rejects.toThrow(
    "The routes GET /v1/tea of the module shelf and GET /v1/tea of the module desk are the same.",
  );
  expect(existsSync(settings.folder)).toBe(false);
});

function freePort(): number {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  listener.stop(true);
  return listener.port;
}
