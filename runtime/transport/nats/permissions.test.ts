import { expect, test } from "bun:test";
import { Broker } from "../../testing/broker.ts";
import { sampleManifest } from "../../testing/sample/links.ts";
import type { ModuleLinks } from "../manifest.ts";
import { permissionsSuite } from "./permissions.suite.ts";
import { permissionsOf } from "./permissions.ts";

permissionsSuite("over a real broker", {
  async open() {
    const broker = await Broker.open(sampleManifest);
    return {
      connect: (user, log) => broker.link(user, log),
      [Symbol.asyncDispose]: () => broker[Symbol.asyncDispose](),
    };
  },
});

test("a module that is called like another user is refused", () => {
  const taken = ["gateway", "console", "provisioner"];
  for (const name of taken) {
    expect(() => permissionsOf([{ ...nothing, name }])).toThrow(
      `A module is called ${name}, like a NATS user of Cleave. Rename it.`,
    );
  }
});

const nothing = { queries: [], commands: [], events: [], calls: [], reads: [] };

test.each(["a.b", "*", ">", "a b", ""])("the name %p is refused wherever it stands", (name) => {
  const sentence = `names "${name}", which is no token of a NATS subject`;
  const wrong: ModuleLinks[] = [
    { ...nothing, name },
    { ...nothing, name: "a", events: [name] },
    { ...nothing, name: "a", commands: [name] },
    { ...nothing, name: "a", calls: [{ callee: name, procedures: [] }] },
    { ...nothing, name: "a", calls: [{ callee: "b", procedures: [name] }] },
    { ...nothing, name: "a", reads: [{ producer: "b", events: [name] }] },
  ];
  for (const links of wrong) expect(() => permissionsOf([links])).toThrow(sentence);
});
