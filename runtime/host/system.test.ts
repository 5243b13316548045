import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { contract } from "../contract/contract.ts";
import { defineModule } from "../module/define-module.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { insidesOf, loadRoutes, type ModuleEntry, moduleNamesOf, type System } from "./system.ts";

const gifts = contract("gifts", {});
const wraps = contract("wraps", {});
const inside = defineModule({ contract: gifts, handlers: {}, migrations: [] });
const entry: ModuleEntry = {
  contract: gifts,
  module: async () => ({ default: inside }),
  http: () => Promise.reject(new Error("Routes are not loaded here.")),
};

/** A system with this list of modules, as it is when the list was not type-checked. */
function systemOf(...modules: readonly (object | undefined)[]): System {
  return {
    modules: modules as readonly ModuleEntry[], // Some lack what the type asks for.
    topologies: {},
    authenticator: () => Promise.reject(new Error("Nobody signs in here.")),
    demo: async () => {},
  };
}

describe("the list of modules", () => {
  test("gives names and insides", async () => {
    expect(moduleNamesOf(systemOf(entry))).toEqual(["gifts"]);
    expect(await insidesOf(systemOf(entry), ["gifts"])).toEqual([inside]);
  });

  test.each([
    [
      "a module twice",
      [entry, entry],
      "The module gifts is listed twice in modules/index.ts. Remove one of its entries.",
    ],
    [
      "an entry without http",
      [{ contract: gifts, module: entry.module }],
      "The entry of gifts in modules/index.ts has no http. " +
        'Add http: () => import("./gifts/http.ts").',
    ],
    [
      "an entry without module",
      [{ contract: gifts, http: entry.http }],
      "The entry of gifts in modules/index.ts has no module. " +
        'Add module: () => import("./gifts/module.ts").',
    ],
    [
      "an entry that is not there",
      [entry, undefined],
      "Entry 2 of the list in modules/index.ts has no contract.",
    ],
    [
      "an entry whose contract is not there",
      [{ ...entry, contract: undefined }],
      "Entry 1 of the list in modules/index.ts has no contract.",
    ],
    [
      "an entry with all of a contract's file",
      [{ ...entry, contract: { gifts } }],
      "Entry 1 of the list in modules/index.ts has no contract.",
    ],
  ])("is refused with %s", (_what, list, sentence) => {
    expect(() => moduleNamesOf(systemOf(...list))).toThrow(sentence);
  });

  test.each([
    [
      "no default export",
      { module: async () => ({ gifts: inside }) },
      "modules/gifts/module.ts exports no module. " +
        "Write export default defineModule({ contract: gifts, … }).",
    ],
    [
      "a default export that is no module",
      { module: async () => ({ default: "gifts" }) },
      "modules/gifts/module.ts exports no module. " +
        "Write export default defineModule({ contract: gifts, … }).",
    ],
    [
      "another module",
      { contract: wraps },
      "The entry of wraps in modules/index.ts loads a module whose contract is another's, gifts. " +
        "Import ./wraps/module.ts there, and give its defineModule the contract wraps.",
    ],
  ])("is refused where an entry leads to %s", async (_what, part, sentence) => {
    const system = systemOf({ ...entry, ...part });
    await expect(insidesOf(system, moduleNamesOf(system))).rejects.toThrow(sentence);
  });

  test("is refused where an entry leads to no routes", async () => {
    const system = systemOf({ ...entry, http: async () => ({ routes: () => {} }) });
    await expect(loadRoutes(system)).rejects.toThrow(
      "modules/gifts/http.ts exports no routes. " +
        'Write export const http = (edge: Edge) => new Elysia({ name: "gifts" }).use(edge).',
    );
  });

  test("is refused where an entry leads to no file, and names it", async () => {
    using folder = temporaryFolder();
    const missing = `${folder.path}/module.ts`;
    const system = systemOf({ ...entry, module: () => import(missing) });
    await expect(insidesOf(system, ["gifts"])).rejects.toThrow(
      /^The module\.ts of the module gifts cannot be loaded: .*\/module\.ts.*modules\/index\.ts\.$/,
    );
  });

  test("passes on what a file throws by itself, which is a defect of its own", async () => {
    using folder = temporaryFolder();
    const broken = `${folder.path}/module.ts`;
    writeFileSync(broken, 'throw new RangeError("defect");');
    const system = systemOf({ ...entry, module: () => import(broken) });
    await expect(insidesOf(system, ["gifts"])).rejects.toThrow(RangeError);
  });

  test("tells of every entry at once", async () => {
    const none = async () => ({});
    const system = systemOf(
      { ...entry, module: none },
      { ...entry, contract: wraps, module: none },
    );
    const refused = insidesOf(system, ["gifts", "wraps"]);
    await expect(refused).rejects.toThrow(/gifts\/module\.ts.*\nmodules\/wraps\/module\.ts/);
  });
});
