import { expect, test } from "bun:test";
import { brokerUsers } from "../../contract/broker-users.ts";
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

const nothing = { queries: [], commands: [], events: [], calls: [], reads: [] };

/** Manifests in which this name stands where a module is named. */
const namingModule = (name: string): ModuleLinks[] => [
  { ...nothing, name },
  { ...nothing, name: "a", calls: [{ callee: name, procedures: [] }] },
  { ...nothing, name: "a", reads: [{ producer: name, events: [] }] },
];

/** Manifests in which it stands where a procedure or an event is named. */
const namingPart = (name: string): ModuleLinks[] => [
  { ...nothing, name: "a", queries: [name] },
  { ...nothing, name: "a", commands: [name] },
  { ...nothing, name: "a", events: [name] },
  { ...nothing, name: "a", calls: [{ callee: "b", procedures: [name] }] },
  { ...nothing, name: "a", reads: [{ producer: "b", events: [name] }] },
];

test.each([...brokerUsers])("a module called %s, like another user, is refused", (name) => {
  for (const links of namingModule(name)) {
    expect(() => permissionsOf([links])).toThrow(
      `A module is called ${name}, as a part of Cleave is. Rename it.`,
    );
  }
});

test.each(["a.b", "*", ">", "a b", "", "ünï", "1a"])(
  "the name %p is refused wherever it stands",
  (name) => {
    for (const links of [...namingModule(name), ...namingPart(name)]) {
      expect(() => permissionsOf([links])).toThrow(`is called "${name}". Call it by a`);
    }
  },
);
