import { expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../runtime/testing/eventually.ts";
import { keepAliveClients, requestText } from "../runtime/testing/keep-alive-clients.ts";
import { serverFiles } from "../runtime/transport/nats/server-config.ts";
import { runMain, spawnShop, temporaryFolder } from "./testing/spawned-shop.ts";

const CLIENTS = 40;

/** Every other client makes carts, the rest read the catalogue. */
const browse = (client: number, count: number) =>
  client % 2 === 0
    ? requestText("GET /v1/products")
    : requestText("POST /v1/carts", [`Idempotency-Key: ${client}-${count}`], "{}");

/** The nats-server of a folder that still runs, if any. */
function brokerOf(folder: string): number | undefined {
  const { pid: file } = serverFiles(folder);
  if (!existsSync(file)) return undefined;
  const pid = Number(readFileSync(file, "utf8"));
  return existsSync(`/proc/${pid}`) ? pid : undefined;
}

test.each([["monolith"], ["core"]])(
  "of 40 keep-alive clients none loses a request when %s is told to stop",
  async (topology) => {
    await using shop = await spawnShop({ arguments: ["--no-demo", "--topology", topology] });
    let count = 0;
    const { promise: busy, resolve: isBusy } = Promise.withResolvers<void>();
    const clients = keepAliveClients(shop.url, CLIENTS, (client, nth) => {
      count += 1;
      if (count === 5 * CLIENTS) isBusy();
      return browse(client, nth);
    });
    await busy;
    expect(await shop.stop()).toBe(0);
    const { lost, statuses } = await clients;
    expect(lost).toBe(0);
    expect([...statuses.keys()].filter((status) => status >= 300)).toEqual([]);
    expect(brokerOf(shop.folder)).toBeUndefined();
    if (topology === "core") {
      const { code, errors } = await runMain(["status", "--data-dir", shop.folder]);
      expect(code).toBe(1);
      expect(errors).toMatch(/^Nothing runs over .*\. Start it: \S.* start --data-dir \S+\.\n$/);
    }
  },
  180_000,
);

test("a SIGTERM to the whole group stops a split shop in order, with code 0", async () => {
  const folder = temporaryFolder();
  const home = temporaryFolder();
  symlinkSync(process.execPath, join(home, "bun"));
  const words = ["start", "--no-demo", "--topology", "core", "--port", "0", "--data-dir", folder];
  const child = Bun.spawn(["bun", ...words], {
    cwd: join(import.meta.dir, ".."),
    env: { ...process.env, PATH: `${home}:${process.env["PATH"]}`, LOG_LEVEL: "warn" },
    detached: true,
    stdout: "pipe",
    stderr: "pipe",
  });
  const errors = new Response(child.stderr).text();
  const reader = child.stdout.getReader();
  const decoder = new TextDecoder();
  let printed = "";
  while (!printed.includes("ready at ")) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`It did not start: ${await errors}`);
    printed += decoder.decode(value);
  }
  process.kill(-child.pid, "SIGTERM");
  expect(await child.exited).toBe(0);
  const left = async () =>
    readdirSync("/proc").filter((pid) => /^\d+$/.test(pid) && commandOf(pid).includes(folder));
  expect(await eventually(left, (pids) => pids.length === 0)).toEqual([]);
}, 180_000);

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}
