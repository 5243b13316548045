import { afterAll, beforeAll } from "bun:test";
import { realEnvironment } from "../../host/real-environment.ts";
import { Broker } from "../../testing/broker.ts";
import type { ModuleLinks } from "../manifest.ts";
import { transportSuite } from "../transport.suite.ts";

const links = (name: string, more: Partial<ModuleLinks> = {}): ModuleLinks => ({
  name,
  queries: [],
  commands: [],
  events: [],
  calls: [],
  reads: [],
  ...more,
});
const manifest = [
  links("shelf", { queries: ["echo"], commands: ["take"], events: ["taken", "put"] }),
  links("desk", { calls: ["shelf"], reads: [{ producer: "shelf", events: ["taken"] }] }),
  links("till", { reads: [{ producer: "shelf", events: ["put", "taken"] }] }),
];
const users = manifest.map(({ name }) => name);

let broker: Broker;
beforeAll(async () => {
  broker = await Broker.open(manifest);
});
afterAll(() => broker[Symbol.asyncDispose]());

transportSuite("over NATS", {
  async open() {
    await broker.wipe();
    // The suite's deadlines are points of a clock that stands still.
    return await broker.connect({
      users,
      environment: { ...realEnvironment(), monotonic: () => 0 },
    });
  },
});
