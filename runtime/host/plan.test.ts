import { expect, test } from "bun:test";
import { contract } from "../contract/contract.ts";
import { planOf } from "./plan.ts";
import { peekSettings, placementSettings } from "./settings.ts";
import type { System } from "./system.ts";

const entry = (name: string) => ({
  contract: contract(name, {}),
  module: () => Promise.reject(new Error("A plan loads no module.")),
  http: () => Promise.reject(new Error("A plan loads no routes.")),
});
const system: System = {
  modules: [entry("orders"), entry("products")],
  topologies: {
    monolith: { gateway: ["orders", "products"] },
    split: { gateway: [], orders: ["orders"], products: { readers: 1 } },
    pair: { gateway: ["products"], orders: ["orders"] },
  },
  authenticator: () => Promise.reject(new Error("A plan needs no authenticator.")),
  demo: () => Promise.reject(new Error("A plan fills nothing.")),
};

function plan(words: string, environment: Record<string, string> = {}) {
  const sources = { environment, arguments: words.split(" ") };
  return planOf(system, peekSettings(placementSettings, sources));
}

const nats = "nats://127.0.0.1:4222";

test("without any word all runs in this process, whatever NATS_URL is set for other tools", () => {
  expect(plan("--port 0", { NATS_URL: nats })).toEqual({
    kind: "alone",
    placement: {
      name: "gateway",
      modules: ["orders", "products"],
      role: "edge",
      index: 0,
      isMember: false,
    },
  });
  expect(plan("--instance gateway")).toMatchObject({ kind: "alone" });
});

test("a topology of several processes is run whole, or one of them over NATS", () => {
  expect(plan("--topology split", { NATS_URL: nats })).toMatchObject({
    kind: "supervisor",
    topology: "split",
    placements: { length: 4 },
  });
  const member = {
    kind: "member",
    placement: {
      name: "products-2",
      modules: ["products"],
      role: "host",
      index: 1,
      isMember: true,
    },
    natsUrl: nats,
    topology: { name: "split", instances: ["gateway", "orders", "products", "products-2"] },
  };
  const words = "--topology split --instance products-2";
  expect(plan(`${words} --nats ${nats}`)).toEqual(member as never);
  expect(plan(words, { NATS_URL: nats })).toEqual(member as never);
});

test.each([
  [
    "--topology spilt",
    'There is no topology "spilt". Known are monolith, split, pair; the nearest is split. ' +
      "A file is given by its path, as in ./spilt.ts.",
  ],
  [
    `--topology split --instance product --nats ${nats}`,
    'The topology split has no instance "product". Known are gateway, orders, products, ' +
      "products-2; the nearest is products.",
  ],
  [
    `--instance products --nats ${nats}`,
    'The topology monolith has no instance "products". The topology split has: choose it with ' +
      "--topology split.",
  ],
  [
    "--topology pair --instance products-2",
    'The topology pair has no instance "products-2". The topology split has: choose it with ' +
      "--topology split.",
  ],
  ["--instance stock", 'The topology monolith has no instance "stock". Its only one is gateway.'],
  [
    "--topology split --instance orders",
    "The instance orders of the topology split meets the others over NATS. Give it the server " +
      "with --nats nats://127.0.0.1:4222 or NATS_URL, or leave out --instance to run all.",
  ],
  [
    `--nats ${nats}`,
    "--nats is given, but monolith is one process and needs no NATS. " +
      "Leave it out, or choose one instance of a split topology.",
  ],
  [
    `--topology split --nats-url ${nats}`,
    "--nats-url is given, but without --instance all of split runs here, with a NATS server of " +
      "its own. Leave it out, or choose one instance of a split topology.",
  ],
])("refuses %s", (words, sentence) => {
  expect(plan(words)).toEqual({ mistakes: [sentence] });
});
