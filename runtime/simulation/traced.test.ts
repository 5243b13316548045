import { expect, test } from "bun:test";
import { shelf } from "../testing/sample/contracts.ts";
import { inProcess } from "../transport/in-process.ts";
import { Process } from "./process.ts";
import { smallWorld } from "./small-world.ts";
import { traced } from "./traced.ts";

// A promise of its own around an answer would come a turn later, and what runs beside it first.
test("who has a call told gets the very answer that they would get untold", async () => {
  const world = smallWorld();
  const { environment } = new Process(world, "one", world.seed);
  const transport = traced(inProcess(environment), world, "one");
  const answer = Promise.resolve({ count: 7 });
  const traffic = () => ({ inFlight: 0, calls: 0, errors: 0 });
  transport.serve({ module: "shelf", procedures: [], isReader: false, traffic }, () => answer);
  const request = {
    caller: "gateway",
    identity: { kind: "system" },
    traceId: "0",
    deadlineAtMs: 1_000,
    key: undefined,
    asText: false,
  } as const;
  expect(transport.call(shelf.countOf, { thing: "tea" }, request)).toBe(answer);
});
