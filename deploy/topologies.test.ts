import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Topology } from "../runtime/host/topology.ts";
import { topologyMistakes } from "../runtime/host/topology-mistakes.ts";
import { moduleNames } from "./module-names.ts";

const files = readdirSync(join(import.meta.dir, "topologies"));

test.each(files)("the topology of %s hosts every module once", async (file) => {
  const { default: topology }: { default: Topology } = await import(`./topologies/${file}`);
  expect(topologyMistakes({ name: file }, topology, moduleNames)).toEqual([]);
});

test.each(["core", "edge-heavy"])("the topology %s takes a module that is added", async (name) => {
  const { default: topology }: { default: Topology } = await import(`./topologies/${name}.ts`);
  expect(topologyMistakes({ name }, topology, [...moduleNames, "added"])).toEqual([]);
});
