import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { findTopology } from "./find-topology.ts";
import { type Placement, placementsOf, withRest } from "./topology.ts";
import { topologyMistakes } from "./topology-mistakes.ts";

const modules = ["orders", "products", "users"];
const whole = { gateway: [], core: ["orders", "users"], products: { readers: 2 } };

function mistakesOf(topology: unknown): string[] {
  return topologyMistakes({ name: "mine" }, topology, modules);
}

describe("the processes of a topology", () => {
  const shown = ({ name, role, index, modules }: Placement) =>
    `${name} ${role} ${index} ${modules.join("+")}`;

  test("are equal members of their instance, which hosts the module of its name by default", () => {
    expect(placementsOf(whole).map(shown)).toEqual([
      "gateway edge 0 ",
      "core host 0 orders+users",
      "products host 0 products",
      "products-2 host 1 products",
      "products-3 host 2 products",
    ]);
  });

  test("are several gateways where that is asked for", () => {
    const placements = placementsOf({ gateway: { instances: 2 }, core: modules });
    expect(placements.map(shown)).toEqual([
      "gateway edge 0 ",
      "gateway-2 edge 1 ",
      "core host 0 orders+products+users",
    ]);
  });

  test("serve HTTP under any name when there is only one", () => {
    expect(placementsOf({ shop: modules }).map(shown)).toEqual([
      "shop edge 0 orders+products+users",
    ]);
  });
});

describe("an instance with *", () => {
  test.each([
    ["in a list", { gateway: [], users: {}, after: ["*"] }],
    ["beside names", { gateway: [], users: {}, after: ["orders", "*"] }],
    ["in a plan", { gateway: [], users: {}, after: { modules: ["orders", "*"] } }],
  ])("hosts every module that none names: %s", (_what, topology) => {
    expect(mistakesOf(topology)).toEqual([]);
    const modulesOf = (known: readonly string[]) =>
      placementsOf(withRest(topology, known)).map((one) => one.modules);
    expect(modulesOf(modules)).toEqual([[], ["users"], ["orders", "products"]]);
    expect(modulesOf([...modules, "gifts"])).toEqual([
      [],
      ["users"],
      ["orders", "products", "gifts"],
    ]);
  });

  test("is one of a topology, hosts something, and has no readers when it serves HTTP", () => {
    expect(mistakesOf({ gateway: ["*"], after: ["*"] })).toEqual([
      'The topology mine has "*" in gateway and after. Leave it in one.',
    ]);
    expect(mistakesOf({ gateway: modules, after: ["*"] })).toEqual([
      "The instance after of the topology mine hosts no module. Give it some, or remove it; " +
        "only the gateway may be empty.",
    ]);
    expect(mistakesOf({ gateway: { modules: ["*"], readers: 1 } })).toHaveLength(1);
  });
});

describe("a topology", () => {
  test.each([
    [
      "for each module an instance",
      { gateway: [], orders: {}, products: [...["products"]], users: {} },
    ],
    ["readers and a short form", whole],
    ["one process", { shop: modules }],
    ["modules in the gateway", { gateway: ["users"], rest: { modules: ["orders", "products"] } }],
  ])("may have %s", (_what, topology) => {
    expect(mistakesOf(topology)).toEqual([]);
  });

  test.each([
    [
      "no object",
      ["orders"],
      "The topology mine is no object of instances. Write it like " +
        '{ gateway: [], core: ["orders"] }.',
    ],
    [
      "an instance that is no list",
      { ...whole, core: "orders" },
      "The instance core of the topology mine is no list of modules. " +
        'Write it like core: ["orders"].',
    ],
    [
      "modules that are no names",
      { ...whole, core: { modules: [1] } },
      "The instance core of the topology mine has modules that are no list of names. " +
        'Write ["orders"].',
    ],
    [
      "an unknown field",
      { ...whole, products: { reader: 1 } },
      'The instance products of the topology mine has the field "reader". Known are modules, ' +
        "readers, instances; the nearest is readers.",
    ],
    [
      "less than no readers",
      { ...whole, products: { readers: -1 } },
      "The instance products of the topology mine has readers: -1. Give it a whole number from " +
        "0 to 15.",
    ],
    [
      "too many readers",
      { ...whole, products: { readers: 16 } },
      "The instance products of the topology mine has readers: 16. Give it a whole number from " +
        "0 to 15.",
    ],
    [
      "no gateway at all",
      { ...whole, gateway: { instances: 0 } },
      "The instance gateway of the topology mine has instances: 0. Give it a whole number from " +
        "1 to 16.",
    ],
    [
      "a module that is left out",
      { gateway: [], core: ["orders", "users"] },
      "The topology mine leaves out the module products. Add it to one of its instances, or " +
        '"*" for every module that none names: ' +
        "gateway, core.",
    ],
    [
      "nothing in it",
      {},
      "The topology mine leaves out the modules orders, products, users. Add each to one of its " +
        "instances, or " +
        '"*" for every module that none names: ' +
        "there are none yet.",
    ],
    [
      "a module in two places",
      { ...whole, users: ["users"] },
      "The topology mine places the module users 2 times: in core and users. Leave it in one; " +
        "for more processes give that one readers.",
    ],
    [
      "a module twice in one place",
      { ...whole, core: ["orders", "users", "users"] },
      "The topology mine places the module users 2 times: in core and core. Leave it in one; " +
        "for more processes give that one readers.",
    ],
    [
      "a module that is not there",
      { ...whole, core: ["orders", "users", "produts"] },
      "The instance core of the topology mine hosts produts, which is no module here. " +
        "The nearest is products.",
    ],
    [
      "no gateway for several instances",
      { core: ["orders", "users"], products: [...["products"]] },
      "The topology mine has 2 processes and none that serves HTTP. Add the instance " +
        "gateway: [], or call one of the others gateway.",
    ],
    [
      "no gateway for several processes",
      { shop: { modules, readers: 1 } },
      "The topology mine has 2 processes and none that serves HTTP. Add the instance " +
        "gateway: [], or call one of the others gateway.",
    ],
    [
      "readers of the gateway",
      { ...whole, gateway: { readers: 2 } },
      "The instance gateway of the topology mine has readers, which is for modules' databases. " +
        "For more gateways write { instances: 3 }, and give readers to an instance with modules.",
    ],
    [
      "several gateways with modules",
      { gateway: { modules: ["users"], instances: 2 }, rest: ["orders", "products"] },
      "The instance gateway of the topology mine runs 2 times and hosts users, which has one " +
        "owner only. Move its modules to an instance of their own, or let it run once.",
    ],
    [
      "several instances of what is no gateway",
      { ...whole, products: { instances: 3 } },
      "The instance products of the topology mine has instances: 3, which is for the gateway " +
        "alone. Write { readers: 2 } for more processes that answer queries.",
    ],
    [
      "an empty instance",
      { ...whole, spare: [] },
      "The instance spare of the topology mine hosts no module. Give it some, or remove it; " +
        "only the gateway may be empty.",
    ],
    [
      "a name that Cleave uses",
      { gateway: [], console: modules },
      "The instance console of the topology mine has a name that Cleave uses itself. " +
        "Call it something else.",
    ],
    [
      "two processes of one name",
      { gateway: [], products: { readers: 1 }, "products-2": ["orders", "users"] },
      "The topology mine has two processes called products-2: an instance of that name, and a " +
        "further process of another. Rename the instance.",
    ],
  ])("is refused for %s", (_what, topology, sentence) => {
    expect(mistakesOf(topology)).toContain(sentence);
  });

  test.each(["Core", "2nd", "my.core", "", "a_b", "c".repeat(41)])(
    "is refused for an instance called %p",
    (name) => {
      expect(mistakesOf({ gateway: [], [name]: modules })).toEqual([
        `The topology mine has an instance called "${name}". Call it by a lower-case letter and ` +
          "then letters, digits and hyphens, at most 40 in all.",
      ]);
    },
  );

  test("tells every mistake at once", () => {
    expect(mistakesOf({ core: ["orders", "order"], spare: [] })).toHaveLength(4);
  });
});

describe("finding a topology", () => {
  const known = { whole, wrong: { gateway: [] } };
  const find = (given: string) => findTopology(given, known, modules);

  test("goes by its name in the list, and refuses one with mistakes", () => {
    expect(find("whole")).toEqual({ topology: whole });
    expect(find("wrong")).toMatchObject({ mistakes: { length: 1 } });
  });

  test("says which file leaves a module out, and fills in the modules that * stands for", () => {
    expect(find("wrong")).toMatchObject({
      mistakes: expect.arrayContaining([
        "The topology wrong leaves out the modules orders, products, users. Add each to one of " +
          'its instances in deploy/topologies/wrong.ts, or "*" for every module that none names: ' +
          "gateway.",
      ]),
    });
    expect(findTopology("all", { all: { gateway: ["*"] } }, modules)).toMatchObject({
      topology: { gateway: { modules } },
    });
  });

  test.each([
    ["whol", "whole"],
    ["constructor", "wrong"],
  ])("offers the nearest name for %s", (given, offered) => {
    expect(find(given)).toEqual({
      mistakes: [
        `There is no topology "${given}". Known are whole, wrong; the nearest is ${offered}. ` +
          `A file is given by its path, as in ./${given}.ts.`,
      ],
    });
  });

  test("reads a file of TypeScript or JSON by its path", () => {
    using folder = temporaryFolder();
    const json = `${folder.path}/mine.json`;
    writeFileSync(json, JSON.stringify(whole));
    expect(find(json)).toEqual({ topology: whole });
    const source = `${folder.path}/mine.ts`;
    writeFileSync(source, `export default ${JSON.stringify(whole)} satisfies object;`);
    expect(find(source)).toEqual({ topology: whole });
  });

  test("says of a file that cannot be used why", () => {
    using folder = temporaryFolder();
    const said = (name: string, text?: string) => {
      const path = `${folder.path}/${name}`;
      if (text !== undefined) writeFileSync(path, text);
      const found = find(path);
      return "mistakes" in found ? found.mistakes.join("\n").replaceAll(folder.path, "") : "";
    };
    for (const none of ["none.json", "none.ts"]) {
      expect(said(none)).toBe(
        `There is no topology file /${none}. Give the path of one, or one of whole, wrong.`,
      );
    }
    expect(said("bad.ts", "export default {")).toMatch(
      /^The topology file \/bad\.ts cannot be read: .*\.json file\.$/,
    );
    expect(said("bad.json", "{")).toMatch(/^The topology file \/bad\.json cannot be read: .*JSON/);
    expect(said("named.ts", "export const mine = {};")).toBe(
      "The topology file /named.ts has no default export. Export one from it.",
    );
    expect(said("wrong.json", "{}")).toMatch(/^The topology \/wrong\.json leaves out the modules /);
  });
});
