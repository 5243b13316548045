import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { modules } from "../modules/index.ts";
import { hostSettings } from "../runtime/host/settings.ts";
import { processStopMs, systemStopMs } from "../runtime/host/stop-budgets.ts";
import { SYNCHRONOUS_MS_MAX } from "../runtime/telemetry/loop-watch.ts";
import { eventually } from "../runtime/testing/eventually.ts";
import { temporaryFolder } from "../runtime/testing/temporary-folder.ts";
import { runMain, type SpawnedShop, spawnShop } from "./testing/spawned-shop.ts";

const root = join(import.meta.dir, "..");
const readme = textOf("README.md");
const manifest = JSON.parse(textOf("package.json"));

function textOf(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

/** The code of one language under a heading of the README. */
function codeUnder(heading: string, language: string): string[] {
  const text = readme.split(/^## /m).find((one) => one.startsWith(`${heading}\n`)) ?? "";
  const found = [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```/gm)];
  return found.flatMap(([, kind, code]) => (kind === language && code ? [code] : []));
}

/** A process in a home of its own, where `bun` is the one that runs this test. */
function spawn(command: readonly string[], { cwd = root, environment = {}, input = "" } = {}) {
  const home = temporaryFolder();
  symlinkSync(process.execPath, join(home.path, "bun"));
  const child = Bun.spawn([...command], {
    cwd,
    env: { PATH: `${home.path}:${process.env["PATH"]}`, HOME: home.path, ...environment },
    stdin: new Blob([input]),
    stdout: "pipe",
    stderr: "pipe",
  });
  child.exited.finally(() => home[Symbol.dispose]());
  return child;
}

async function finished(child: ReturnType<typeof spawn>) {
  const [output, errors] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { code: await child.exited, output, errors };
}

/** The address that a starting shop prints. */
async function addressOf({ stdout, stderr }: ReturnType<typeof spawn>): Promise<string> {
  const reader = stdout.getReader();
  const decoder = new TextDecoder();
  for (let printed = ""; ; ) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`It did not start: ${await new Response(stderr).text()}`);
    printed += decoder.decode(value);
    const url = printed.match(/ready at (\S+)\n/)?.[1];
    if (url !== undefined) return url;
  }
}

describe("the commands of the README", () => {
  test("use the bun and the scripts of package.json, and CI runs the same tests", () => {
    const [start = "", tests = ""] = codeUnder("Run it", "sh").join("").split("\n");
    const bun = `npx --yes ${manifest.packageManager}`;
    expect(start.split(/ {2,}/)[0]).toBe(`${bun} start`);
    expect(tests.split(/ {2,}/)[0]).toBe(`${bun} run test`);
    expect(textOf(".ci/run")).toContain(`${bun} run test`);
    const named = [...readme.matchAll(/\bbun (?:run )?([a-z]+)\b/g)].map(([, name]) => name);
    expect(named.filter((name) => manifest.scripts[name ?? ""] === undefined)).toEqual([]);
  });

  test("install what they need, also after a start, which installs no development packages", () => {
    const install = /^bun install --frozen-lockfile (--production )?--silent && /;
    for (const [name, script] of Object.entries<string>(manifest.scripts)) {
      const [, production] = script.match(install) ?? ["", "none"];
      const isProduct = name === "start" || name === "cleave";
      expect({ name, production }).toEqual({
        name,
        production: isProduct ? "--production " : undefined,
      });
    }
  });

  test("start a shop from an empty home, which SIGTERM stops for good", async () => {
    using data = temporaryFolder();
    const environment = { PORT: "0", DATA_DIR: data.path };
    const child = spawn(["bun", "start", "--no-demo"], { environment });
    const url = await addressOf(child);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    child.kill("SIGTERM");
    expect(await child.exited).toBe(0);
    await expect(fetch(`${url}/healthz`)).rejects.toThrow();
  }, 60_000);

  test("start a shop through npx that ends with npx, which passes no signal on", async () => {
    using data = temporaryFolder();
    const environment = { PORT: "0", DATA_DIR: data.path, HOME: process.env["HOME"] ?? "" };
    const npx = ["npx", "--yes", manifest.packageManager, "start", "--no-demo"];
    const child = spawn(npx, { environment });
    const url = await addressOf(child);
    child.kill("SIGTERM");
    await child.exited;
    const answers = () =>
      fetch(`${url}/healthz`).then(
        () => true,
        () => false,
      );
    expect(await eventually(answers, (answered) => !answered)).toBe(false);
  }, 60_000);
});

describe("in a shop that runs", () => {
  let shop: SpawnedShop;
  beforeAll(async () => {
    shop = await spawnShop();
  }, 60_000);
  afterAll(() => shop?.[Symbol.asyncDispose]());

  test("the commands of the README buy something, make an administrator, and send it", async () => {
    const [buying = ""] = codeUnder("Buy something", "sh");
    const [making = "", sending = ""] = codeUnder("Send it", "sh");
    expect(buying).toContain("shop=http://127.0.0.1:3000 ");
    const here = buying.replace("http://127.0.0.1:3000", shop.url);
    const script = [here, making, sending].join("echo\n");
    const input = `${sending.match(/^password="(.*)"$/m)?.[1]}\n`;
    const environment = { DATA_DIR: shop.folder };
    const child = spawn(["sh", "-euc", script], { environment, input });
    const { code, output, errors } = await finished(child);
    expect({ code, errors }).toEqual({ code: 0, errors: expect.stringMatching(/^\$ bun .*\n$/) });
    const [bought = "", made] = output.slice(output.lastIndexOf('{"checkoutId"')).split("\n");
    expect(bought).toContain('"state":"confirmed"');
    expect(made).toBe("");
    expect(output).toContain("\nyou@example.com is now an admin.\n");
    const states = [...output.matchAll(/"state":"(packed|shipped|delivered)"/g)];
    expect(states.map(([, state]) => state)).toEqual(["packed", "shipped", "delivered"]);
  }, 60_000);

  test("the README's client compiles, and finds cleavers", async () => {
    const [example = ""] = codeUnder("Buy something", "ts");
    expect(example).toContain('client("http://127.0.0.1:3000"');
    const path = "deploy/example.ts";
    const text = example.replace("./modules", "../modules");
    using copy = temporaryFolder();
    copyWith(new Map([[path, text.replace("http://127.0.0.1:3000", shop.url)]]), copy.path);
    expect(await compiled(copy.path, [path])).toEqual({ code: 0, output: "", errors: "" });
    await expectForm(copy.path, [path]);
    const { output } = await finished(spawn(["bun", path], { cwd: copy.path }));
    expect(output).toMatch(/^\[.*"cleaver"/s);
  }, 60_000);
});

test("the limit of synchronous work is the one that is measured", () => {
  const sentence = `Such work should take ${SYNCHRONOUS_MS_MAX} ms at most`;
  expect(readme.replace(/\s+/g, " ")).toContain(sentence);
});

test("the README's topology is one, of four processes that serve the shop", async () => {
  const [example = ""] = codeUnder("One process, or many", "ts");
  using place = temporaryFolder();
  const file = join(place.path, "mine.ts");
  writeFileSync(file, example);
  cpSync(join(root, "biome.json"), join(place.path, "biome.json"));
  await expectForm(place.path, ["mine.ts"]);
  await using shop = await spawnShop({ arguments: ["--no-demo", "--topology", file] });
  const { output } = await runMain(["status", "--json", "--data-dir", shop.folder]);
  const processes = JSON.parse(output).instances.map((one: { instance: string }) => one.instance);
  expect(processes).toEqual(["gateway", "products", "products-2", "products-3"]);
  expect((await fetch(`${shop.url}/v1/products`)).status).toBe(200);
  expect(await shop.stop()).toBe(0);
}, 60_000);

test("the table of settings has every setting with its default, and no other", async () => {
  const inside = await Promise.all(modules.map((one) => one.module()));
  const ports = inside.flatMap((one) => one.default.ports.map(({ settings }) => settings));
  const known = [hostSettings, ...ports].flatMap(({ properties }) => Object.entries(properties));
  const rows = [...readme.matchAll(/^\| `([A-Z_]+)` +\| (?:`(.*?)`)? *\|/gm)];
  expect(rows.map(([, name, byDefault = "undefined"]) => [name, byDefault]).sort()).toEqual(
    known.map(([name, schema]) => [name, String(schema["default"])]).sort(),
  );
});

test("the picture is that of bun run cleave picture, and --write renews it", async () => {
  const { output } = await runMain(["picture"]);
  expect(codeUnder("The parts", "mermaid")).toEqual([output]);
});

test("the README tells how long a stop may take, by the budgets", () => {
  const told = readme.match(/within (\d+) s, or (\d+) s for a topology of several processes/);
  const [oneMs = 0, manyMs = 0] = (told ?? []).slice(1).map((seconds) => Number(seconds) * 1_000);
  const role = "edge" as const;
  expect(oneMs).toBeGreaterThanOrEqual(processStopMs({ role, drainMs: 0 }));
  expect(manyMs).toBeGreaterThanOrEqual(systemStopMs({ drainMs: 0 }));
  const drainMs = 60_000;
  expect(processStopMs({ role, drainMs }) - drainMs).toBeLessThanOrEqual(oneMs);
  expect(systemStopMs({ drainMs }) - drainMs).toBeLessThanOrEqual(manyMs);
});

test("every dependency has its reason in the README, and no other has", () => {
  const names = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies });
  const [, text = ""] = readme.split("## What it stands on");
  const reasons = [...text.matchAll(/\*\*(.+?)\*\*/g)].map(([, name]) => name);
  const isType = (name: string) => name.startsWith("@types/");
  expect(reasons.sort()).toEqual([...names.filter((name) => !isType(name)), "@types/"].sort());
});

test("the README's module passes bun run verify as printed, and answers", async () => {
  const [example = ""] = codeUnder("Add a module", "ts");
  const [commands = ""] = codeUnder("Add a module", "sh");
  using copy = temporaryFolder();
  copyWith(filesOf(example), copy.path);
  const [writes = "", verifies = ""] = commands.split("\n");
  expect(verifies).toBe("bun run verify");
  const install = "bun install --frozen-lockfile --silent";
  const draw = "bun deploy/main.ts picture --write";
  const steps = [install, draw, "bun run types", "bun run lint", "bun run test"];
  expect(manifest.scripts.verify).toBe(steps.join(" && "));
  // All but the installation; of the types and the tests those that the list of modules concerns.
  const checked = await compiled(copy.path, ["modules/gifts", "deploy/main.ts"]);
  expect(checked).toEqual({ code: 0, output: "", errors: "" });
  const lint = `bun node_modules/.bin/${manifest.scripts.lint.replace(`${install} && `, "")}`;
  const script = [writes, draw, lint, ...testsOfTheList].join("\n");
  const verified = await finished(spawn(["sh", "-euc", script], { cwd: copy.path }));
  if (verified.code !== 0) throw new Error(`${verified.output}\n${verified.errors}`);

  const start = ["bun", "deploy/main.ts", "start", "--port", "0", "--no-demo"];
  await using child = spawn(start, { cwd: copy.path });
  const url = await addressOf(child);
  const answer = await fetch(`${url}/v1/wraps/250`);
  expect(await answer.json()).toEqual({ amount: 450, currency: "EUR" });
  for (const wrong of ["0", "1.5", "x"]) {
    expect((await fetch(`${url}/v1/wraps/${wrong}`)).status).toBe(422);
  }
  child.kill("SIGTERM");
  expect(await child.exited).toBe(0);
}, 180_000);

test("the README's simulation of those lines compiles, and finds nothing", async () => {
  const [example = ""] = codeUnder("Add a module", "ts");
  const [simulation = ""] = codeUnder("Break it on purpose", "ts");
  const [, path = "", text = ""] = simulation.match(/^\/\/ (modules\/.*)\n([\s\S]*)/) ?? [];
  using copy = temporaryFolder();
  copyWith(filesOf(example).set(path, text), copy.path);

  const checked = await compiled(copy.path, ["modules/gifts"]);
  expect(checked).toEqual({ code: 0, output: "", errors: "" });
  await expectForm(copy.path, ["modules/gifts", "modules/index.ts"]);
  const tested = await finished(spawn(["bun", "test", path], { cwd: copy.path }));
  expect({ code: tested.code, errors: tested.errors }).toMatchObject({ code: 0 });
  expect(tested.errors).toContain("1 pass");
}, 60_000);

test("the README's command drafts a migration from a module's tables", async () => {
  const [, words = ""] = readme.match(/`bun run draft (--schema [^`]+)`/) ?? [];
  expect(words.replace(/\s+/g, " ")).toBe(
    "--schema modules/gifts/schema.ts --out modules/gifts/migrations",
  );
  using out = temporaryFolder();
  const [, draft = ""] = manifest.scripts.draft.split(" && ");
  const about = `--schema modules/notifications/schema.ts --out ${out.path}/migrations`;
  const { code, errors } = await finished(spawn(["sh", "-euc", `${draft} ${about}`]));
  expect({ code, errors }).toEqual({ code: 0, errors: "" });
  expect(readdirSync(`${out.path}/migrations`).toSorted().join()).toMatch(/^0000_\w+\.sql,meta$/);
}, 60_000);

const patient = "bun test --timeout 60000";
/** Runs the tests that read the list of modules, and are not the whole shop's behaviour. */
const testsOfTheList = [
  `${patient} runtime/tidy.test.ts runtime/architecture.test.ts deploy/topologies.test.ts`,
  `${patient} deploy/access.test.ts`,
  `${patient} deploy/readme.test.ts -t 'picture|settings'`,
];

/** An example's files, each headed by its path as a comment; the list of modules, completed. */
function filesOf(example: string): Map<string, string> {
  const [, ...parts] = example.split(/^\/\/ (modules\/.*)\n/m);
  const files = new Map<string, string>();
  for (let at = 0; at < parts.length; at += 2) files.set(parts[at] ?? "", parts[at + 1] ?? "");
  const list = "modules/index.ts";
  const [, imported = "", entry = ""] = files.get(list)?.match(/^(import .*\n)([\s\S]*)$/) ?? [];
  const longer = textOf(list).replace("] as const;", `${entry}] as const;`);
  return files.set(list, `${imported}${longer}`);
}

/** What the compiler says of files of a copy of the product. */
async function compiled(folder: string, paths: readonly string[]) {
  const types = { extends: "./tsconfig.json", include: [...paths, "runtime/sql.d.ts"] };
  const file = join(folder, "tsconfig.example.json");
  writeFileSync(file, JSON.stringify(types));
  const compiler = ["bun", "node_modules/.bin/tsc", "--noEmit", "-p", "tsconfig.example.json"];
  const checked = await finished(spawn(compiler, { cwd: folder }));
  rmSync(file);
  return checked;
}

/** Expects files below a folder to have the form that `bun run lint` asks for. */
async function expectForm(folder: string, paths: readonly string[]): Promise<void> {
  const biome = join(root, "node_modules/.bin/biome");
  const words = ["check", "--error-on-warnings", "--vcs-enabled=false", ...paths];
  const { code, output, errors } = await finished(spawn(["bun", biome, ...words], { cwd: folder }));
  if (code !== 0) throw new Error(`${output}\n${errors}`);
}

/** Copies the product into a folder, and writes `files` over it. */
function copyWith(files: ReadonlyMap<string, string>, folder: string): void {
  const isLeftOut = (path: string) => /\/(\.git|node_modules|data)$/.test(path);
  cpSync(root, folder, { recursive: true, filter: (path) => !isLeftOut(path) });
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  for (const [path, text] of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}
