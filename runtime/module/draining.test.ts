import { expect, test } from "bun:test";
import { contract, query } from "../contract/contract.ts";
import { system } from "../contract/identity.ts";
import { t } from "../contract/schema.ts";
import { startInstance } from "../host/instance.ts";
import { silent } from "../testing/silent-log.ts";
import { turns } from "../testing/stillness.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { virtualEnvironment } from "../testing/virtual-environment.ts";
import { inProcess } from "../transport/in-process.ts";
import { defineModule } from "./define-module.ts";
import { handler } from "./handler.ts";

const slow = contract("slow", {
  answer: query({ input: t.Object({}), output: t.Object({}) }),
});

test("what waits for a call looks for nothing meanwhile, nor when it drains", async () => {
  using folder = temporaryFolder();
  const virtual = virtualEnvironment();
  let deferred = 0;
  const environment = {
    ...virtual,
    defer(work: () => void) {
      deferred += 1;
      virtual.defer(work);
    },
  };
  const { promise, resolve } = Promise.withResolvers<object>();
  const module = defineModule({
    contract: slow,
    handlers: { answer: handler(slow.answer, () => promise) },
    migrations: [],
  });
  const instance = await startInstance({
    modules: [module],
    contracts: [slow],
    transport: inProcess(environment),
    environment,
    log: silent,
    folder: folder.path,
    publicUrl: "http://shop.test",
    development: true,
    settings: new Map(),
  });
  const origin = { identity: system, traceId: "trace", deadlineAtMs: virtual.monotonic() + 60_000 };
  const call = instance.gateway.call(slow.answer, {}, { origin });
  await turns(2);
  const nextMs = (virtual.nextTimerAtMs() ?? Number.POSITIVE_INFINITY) - virtual.now();
  expect(nextMs).toBeGreaterThan(10_000);

  let isStopped = false;
  const stopped = instance.stop().then(() => {
    isStopped = true;
  });
  await turns(20);
  expect([isStopped, deferred < 5]).toEqual([false, true]);

  resolve({});
  expect(await call).toEqual({});
  await stopped;
});
