import { expect, test } from "bun:test";
import { join } from "node:path";
import { HOLD_MS_MAX } from "../gateway/drain.ts";
import { REQUEST_DEADLINE_MS } from "../gateway/pending-request.ts";
import { CALL_DEADLINE_MS } from "../module/caller.ts";
import { GIVE_UP_AFTER_MS } from "../resilience/deadlines.ts";
import { filesUnder, sourcesAmong } from "../sources.ts";
import { TERM_MS_MAX } from "../transport/nats/limits.ts";
import { LAST_WORDS_MS } from "./child.ts";
import {
  BROKER_STOP_MS,
  INSTANCE_CLOSE_MS,
  INSTANCE_STOP_MS,
  processStopMs,
  REQUESTS_STOP_MS,
  supervisedStopMs,
  systemStopMs,
  TAKE_OVER_STOP_MS,
} from "./stop-budgets.ts";

test.each([0, 5_000, 60_000])("each budget exceeds what it contains, DRAIN_MS %d", (drainMs) => {
  const [edge, host] = [{ role: "edge", drainMs } as const, { role: "host", drainMs } as const];
  expect(REQUESTS_STOP_MS).toBeGreaterThan(REQUEST_DEADLINE_MS + GIVE_UP_AFTER_MS);
  expect(INSTANCE_STOP_MS - INSTANCE_CLOSE_MS).toBeGreaterThanOrEqual(
    CALL_DEADLINE_MS + GIVE_UP_AFTER_MS,
  );
  const gatewayMs = HOLD_MS_MAX + REQUESTS_STOP_MS;
  const instanceMs = TAKE_OVER_STOP_MS + INSTANCE_STOP_MS;
  expect(processStopMs(edge)).toBeGreaterThan(drainMs + gatewayMs + instanceMs);
  expect(processStopMs(host)).toBeGreaterThan(instanceMs);
  expect(BROKER_STOP_MS).toBeGreaterThan(TERM_MS_MAX);
  const stages = [edge, host].map((one) => {
    expect(supervisedStopMs(one)).toBeGreaterThan(processStopMs(one));
    return supervisedStopMs(one) + LAST_WORDS_MS;
  });
  const stagesMs = stages.reduce((sum, ms) => sum + ms, BROKER_STOP_MS);
  expect(systemStopMs({ drainMs })).toBeGreaterThan(stagesMs);
});

test("no other file has a time to stop of its own", () => {
  const root = join(import.meta.dir, "../..");
  const declared = sourcesAmong(root, filesUnder(root)).flatMap(({ path, text }) =>
    [...text.matchAll(/^\s*(?:export )?const (\w*STOP_MS\w*)\b/gm)].map(() => path),
  );
  expect([...new Set(declared)]).toEqual(["runtime/host/stop-budgets.ts"]);
});
