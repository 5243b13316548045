import { describe, expect, spyOn, test } from "bun:test";
import { writeFileSync } from "node:fs";
import BetterSqlite3 from "better-sqlite3";
import { openControl } from "../host/control.ts";
import type { System } from "../host/system.ts";
import { typedCommand } from "../host/typed-command.ts";
import { Elysia } from "../http.ts";
import { waitUntil } from "../index.ts";
import type { Module } from "../module/define-module.ts";
import { place } from "../testing/place.ts";
import { BossInput, type BossSaga, boss, bossModule, bossSaga } from "../testing/sample/boss.ts";
import { errands, errandsModule } from "../testing/sample/errands.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { runCommand } from "./cli.ts";
import { statusCommand } from "./status-command.ts";

const HOUR_MS = 3_600_000;

/** A saga that waits for an hour, whose later step has this name. */
function walk(version: number, later: string): BossSaga {
  return bossSaga("boss.walk", { version, input: BossInput, deadlineMs: 24 * HOUR_MS })
    .step("wait", { run: async ({ late, now }) => (late ? {} : waitUntil(now() + HOUR_MS)) })
    .step(later, { run: ({ call }) => call(errands.run, { name: later }) })
    .ending(() => {});
}

const began = walk(1, "come-back");
const edited = walk(1, "return");
const sentence =
  "A saga boss.walk of version 1 is under way that began with other steps than version 1 has " +
  'now: "run come-back" is gone, and "run return" is new. Restore the steps of version 1, add ' +
  "the edited ones as version 2, and keep both in the module's sagas until none of the older " +
  "is left.";
const gone =
  "A saga boss.walk of version 1 is under way, but the module has no definition of it. Keep that " +
  "version in the module's sagas until none is left.";

function systemOf(...sagas: readonly [BossSaga, ...BossSaga[]]): System {
  const entry = (module: Module) => ({
    contract: module.contract,
    module: async () => ({ default: module }),
    http: async () => ({ http: () => new Elysia() }),
  });
  return {
    modules: [entry(errandsModule(new Map(), [])), entry(bossModule(...sagas))],
    topologies: {},
    authenticator: () => Promise.reject(new Error("Nobody signs in.")),
    demo: async () => {},
  };
}

/** A data folder in which one saga waits. */
async function waiting() {
  const modules = [errandsModule(new Map(), []), bossModule(began)];
  const shop = await place("in process", modules, { duplicate: false });
  await shop.call(boss.begin, { id: "1" });
  await shop.settle();
  return shop;
}

function nothingOver(folder: string): string {
  return `Nothing runs over ${folder}. Start it: ${typedCommand(`start --data-dir ${folder}`)}.`;
}

/** What the command prints for a system over a folder, and its exit code. */
async function shown(system: System, folder: string, ...words: readonly string[]) {
  const [output, errors] = [spyOn(console, "log"), spyOn(console, "error")];
  const linesOf = ({ mock }: typeof output) => mock.calls.flat().join("\n");
  for (const spy of [output, errors]) spy.mockImplementation(() => {});
  try {
    const args = ["status", "--data-dir", folder, ...words];
    const code = await runCommand([statusCommand(system)], args);
    return { code, output: linesOf(output), errors: linesOf(errors) };
  } finally {
    for (const spy of [output, errors]) spy.mockRestore();
  }
}

describe("sagas that were edited under their version are listed", () => {
  test("when nothing runs, with why the start is refused", async () => {
    await using shop = await waiting();
    const { folder } = shop;
    const nothing = nothingOver(folder);
    const both = `${nothing}\n${sentence}`;
    expect(await shown(systemOf(edited), folder)).toEqual({ code: 1, output: "", errors: both });
    const { code, output } = await shown(systemOf(edited), folder, "--json");
    expect(code).toBe(1);
    expect(JSON.parse(output)).toMatchObject({ instances: [], faults: [nothing, sentence] });
    const lost = await shown(systemOf(walk(2, "return")), folder);
    expect(lost.errors).toBe(`${nothing}\n${gone}`);
  });

  test("when others run, for a module that has no owner", async () => {
    await using shop = await waiting();
    const { folder } = shop;
    const control = openControl(folder, {
      offered: [],
      call: (async () => ({})) as never,
      status: () => ({ natsUrl: null, reports: [] }),
    });
    await using _ = { [Symbol.asyncDispose]: () => control.close() };
    const { code, output } = await shown(systemOf(edited), folder, "--json");
    expect(code).toBe(1);
    const { faults } = JSON.parse(output);
    expect(faults).toContain("boss has no owner: its commands fail and its events wait.");
    expect(faults.at(-1)).toBe(sentence);
  });
});

describe("nothing is said of sagas", () => {
  const alone = (folder: string) => ({
    code: 1,
    output: "",
    errors: nothingOver(folder),
  });

  test("that go on with the version with which they began", async () => {
    await using shop = await waiting();
    const { folder } = shop;
    expect(await shown(systemOf(walk(2, "return"), began), folder)).toEqual(alone(folder));
  });

  test("in a database that is not there, is damaged or is to be migrated", async () => {
    using place = temporaryFolder();
    expect(await shown(systemOf(edited), place.path)).toEqual(alone(place.path));
    writeFileSync(`${place.path}/boss.db`, "no database");
    expect(await shown(systemOf(edited), place.path)).toEqual(alone(place.path));

    await using shop = await waiting();
    const sqlite = new BetterSqlite3(`${shop.folder}/boss.db`);
    sqlite.exec("DELETE FROM cleave_migration ORDER BY position DESC LIMIT 1");
    sqlite.close();
    expect(await shown(systemOf(edited), shop.folder)).toEqual(alone(shop.folder));
  });
});
