import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync, rmSync } from "node:fs";
import type { SystemStatus } from "../runtime/host/system-status.ts";
import { typedCommand } from "../runtime/host/typed-command.ts";
import { eventually } from "../runtime/testing/eventually.ts";
import { serverFiles } from "../runtime/transport/nats/server-config.ts";
import { moduleNames } from "./module-names.ts";
import { freeUrl, runServer, said } from "./testing/own-nats-server.ts";
import {
  killBroker,
  runMain,
  type SpawnedShop,
  spawnShop,
  temporaryFolder,
} from "./testing/spawned-shop.ts";

const modules = moduleNames.toSorted();
const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) {
    killBroker(folder);
    rmSync(folder, { recursive: true, force: true });
  }
});

function newFolder(): string {
  const folder = temporaryFolder();
  folders.push(folder);
  return folder;
}

const status = (folder: string, ...words: string[]) =>
  runMain(["status", "--data-dir", folder, ...words]);

async function statusOf(folder: string): Promise<SystemStatus> {
  return JSON.parse((await status(folder, "--json")).output);
}

/** The words of each row of the table, by its first one. */
function rowsOf(output: string): Map<string, string[]> {
  const rows = output.split("\n").map((line) => line.split(/ {2,}/));
  return new Map(rows.map(([name = "", ...rest]) => [name, rest]));
}

test("a folder over which nothing runs gets a sentence", async () => {
  const folder = newFolder();
  const start = typedCommand(`start --data-dir ${folder}`);
  const errors = `Nothing runs over ${folder}. Start it: ${start}.\n`;
  expect(await status(folder)).toEqual({ code: 1, output: "", errors });
});

test("a shop of one process is shown with all its modules, and counts what is asked", async () => {
  const folder = newFolder();
  await using shop = await spawnShop({ folder, arguments: ["--no-demo"] });
  const { code, output, errors } = await status(folder);
  expect({ code, errors }).toEqual({ code: 0, errors: "" });
  const [all, version, state, , inFlight, calls, failing, circuits] =
    rowsOf(output).get("gateway") ?? [];
  expect(all).toBe(`gateway ${modules.join(" ")}`);
  expect({ version, state, inFlight, failing, circuits }).toEqual({
    version: "0.1.0",
    state: "up",
    inFlight: "0",
    failing: "0.0",
    circuits: "-",
  });
  expect(calls).toMatch(/^\d+\.\d$/);
  expect(output).toEndWith("\nAll is well.\n");

  let asked = true;
  const busy = (async () => {
    while (asked) await shop.client().products.v1.products.get({ query: {} });
  })();
  const { instances } = await statusOf(folder);
  asked = false;
  await busy;
  expect(instances[0]?.callsPerSecond).toBeGreaterThan(1);
});

describe("a split shop", () => {
  const folder = newFolder();
  let shop: SpawnedShop;
  beforeAll(async () => {
    shop = await spawnShop({ folder, arguments: ["--no-demo", "--topology", "core"] });
  }, 60_000);
  afterAll(() => shop?.[Symbol.asyncDispose]());

  test("is shown with every process, and who of equal ones owns the data", async () => {
    const { code, output, errors } = await status(folder);
    expect({ code, errors }).toEqual({ code: 0, errors: "" });
    const rows = rowsOf(output);
    const names = ["after", "core", "gateway", "products", "products-2", "products-3", "users"];
    expect(names.map((name) => rows.get(name)?.[2])).toEqual(names.map(() => "up"));
    expect(rows.get("core")?.[0]).toBe("inventory orders payments");
    expect(rows.get("gateway")?.[0]).toBe("gateway");
    const roles = names.slice(3, 6).map((name) => rows.get(name)?.[0] ?? "");
    expect(roles.sort()).toEqual(["products", "products (reader)", "products (reader)"]);
    expect(output).toStartWith("topology core\n");
    expect(output).toEndWith("\nAll is well.\n");
  });

  test("counts at the process that is asked", async () => {
    let asked = true;
    const busy = (async () => {
      while (asked) await shop.client().orders.v1.carts.post();
    })();
    const { instances } = await statusOf(folder);
    asked = false;
    await busy;
    const at = (name: string) => instances.find(({ instance }) => instance === name);
    expect(at("core")?.callsPerSecond).toBeGreaterThan(1);
    expect(at("gateway")?.callsPerSecond).toBeNull();
  });

  test("names a process that hangs, and says so by its exit code too", async () => {
    const { instances } = await statusOf(folder);
    expect(instances).toHaveLength(7);
    const pid = processOf("users", folder);
    process.kill(pid, "SIGSTOP");
    try {
      const { code, output } = await status(folder);
      expect(code).toBe(1);
      expect(rowsOf(output).get("users")).toEqual(["-", "-", "missing", ...Array(5).fill("-")]);
      expect(output).toContain("users is of the topology and does not answer.\n");
      expect(output).toContain("users has no owner: its commands fail and its events wait.\n");
    } finally {
      process.kill(pid, "SIGCONT");
    }
    const again = await eventually(
      () => status(folder),
      ({ code }) => code === 0,
    );
    expect(again.output).toEndWith("\nAll is well.\n");
  }, 60_000);

  test("that was stopped gets a sentence that says what is not there", async () => {
    expect(await shop.stop()).toBe(0);
    const { code, output, errors } = await status(folder);
    expect({ code, output }).toEqual({ code: 1, output: "" });
    expect(errors).toBe(
      `Nothing runs over ${folder}. Start it: ${typedCommand(`start --data-dir ${folder}`)}.\n`,
    );
    expect(errors.trimEnd().split("\n")).toHaveLength(1);
  }, 30_000);
});

/** The process of an instance of the shop that runs over a folder. */
function processOf(instance: string, folder: string): number {
  const found = Bun.spawnSync(["pgrep", "-f", "--", `--instance ${instance} --nats`]);
  const pids = found.stdout.toString().trim().split("\n").map(Number);
  const pid = pids.find((one) =>
    readFileSync(`/proc/${one}/environ`, "utf8").split("\0").includes(`DATA_DIR=${folder}`),
  );
  if (pid === undefined) throw new Error(`${instance} does not run over ${folder}.`);
  return pid;
}

describe("a nats-server that somebody else runs", () => {
  const provision = (folder: string, url: string) =>
    runMain(["nats", "provision", "--nats", url, "--data-dir", folder]);

  test("is provisioned with what was written for it; an instance runs there alone", async () => {
    const folder = newFolder();
    const url = freeUrl();
    const { config } = serverFiles(folder);
    const first = await provision(folder, url);
    expect({ code: first.code, output: first.output }).toEqual({ code: 1, output: "" });
    expect(first.errors).toContain(`Start it with nats-server -c ${config}, or include`);

    await using _ = await runServer(["-c", config]);
    const second = await provision(folder, url);
    expect({ code: second.code, errors: second.errors }).toEqual({ code: 0, errors: "" });
    expect(second.output).toContain(`--instance <name> --nats ${url} --data-dir ${folder}\n`);
    const nobody = await status(folder);
    expect(nobody.errors).toContain(`The nats-server at ${url} runs, and nobody answers there.`);

    const alone = ["start", "--topology", "split", "--instance", "inventory", "--nats", url];
    const child = Bun.spawn([process.execPath, "deploy/main.ts", ...alone], {
      env: { ...process.env, DATA_DIR: folder, LOG_LEVEL: "warn" },
      cwd: `${import.meta.dir}/..`,
      stdout: "pipe",
      stderr: "inherit",
    });
    await said(child.stdout, "ready: inventory");
    const seen = await status(folder);
    expect(seen.code).toBe(1);
    expect(rowsOf(seen.output).get("inventory")?.slice(0, 3)).toEqual(["inventory", "0.1.0", "up"]);
    expect(rowsOf(seen.output).get("orders")?.[2]).toBe("missing");
    child.kill("SIGTERM");
    expect(await child.exited).toBe(0);
  }, 60_000);

  test("is refused when it lets anybody in", async () => {
    const url = freeUrl();
    await using _ = await runServer(["-a", "127.0.0.1", "-p", new URL(url).port]);
    const { code, errors } = await provision(newFolder(), url);
    expect(code).toBe(1);
    expect(errors).toContain(`The nats-server at ${url} lets in clients without a key.`);
    expect(errors.trimEnd().split("\n")).toHaveLength(1);
  }, 30_000);

  test("is refused when it has the users of another folder", async () => {
    const url = freeUrl();
    const other = newFolder();
    await provision(other, url);
    await using _ = await runServer(["-c", serverFiles(other).config]);
    const { code, errors } = await provision(newFolder(), url);
    expect(code).toBe(1);
    expect(errors).toMatch(
      / does not know the key of \w+\. Run "cleave nats provision" over this data/,
    );
  }, 30_000);

  test("is left alone while a supervisor runs it", async () => {
    const folder = newFolder();
    await using shop = await spawnShop({
      folder,
      arguments: ["--no-demo", "--topology", "core"],
    });
    const before = readFileSync(serverFiles(folder).config, "utf8");
    const { code, errors } = await provision(folder, freeUrl());
    expect(code).toBe(1);
    expect(errors).toContain("is owned by another process. Stop that process");
    expect(readFileSync(serverFiles(folder).config, "utf8")).toBe(before);
    expect(await shop.stop()).toBe(0);
  }, 60_000);
});
