import { expect, test } from "bun:test";
import type { Call } from "../contract/call.ts";
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
    .get("/v1/tea", ({ call }) => call(shelf.countOf, { thing: "tea" }));

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

function freePort(): number {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  listener.stop(true);
  return listener.port;
}
