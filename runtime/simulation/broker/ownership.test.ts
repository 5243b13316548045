import { afterEach, beforeEach, expect, test } from "bun:test";
import { proceduresOf } from "../../contract/contract.ts";
import { system } from "../../contract/identity.ts";
import { shelf } from "../../testing/sample/contracts.ts";
import { silent } from "../../testing/silent-log.ts";
import { turns } from "../../testing/stillness.ts";
import type { Link } from "../../transport/nats/link.ts";
import { ownedManifest } from "../../transport/nats/ownership.suite.ts";
import { Pumped } from "./pumped.ts";

// A process that is connected as the owner of the shelf and says nothing.

let broker: Pumped;
let mute: Link;
beforeEach(async () => {
  broker = new Pumped({ manifest: ownedManifest });
  mute = await broker.link("shelf", silent);
});
afterEach(() => broker[Symbol.dispose]());

const beMute = async () => {
  mute.listen("owner.shelf.*.*", () => {});
  await mute.flush();
};
const claim = { module: "shelf", database: "db-a", onLost: () => {} };

test("an owner that says nothing keeps others out, who are told of it in the end", async () => {
  await beMute();
  const second = await broker.connect(["shelf"]);
  const refusal = await second.own(claim).then(() => undefined, String);
  expect(refusal).toContain("has not answered for 20 s");
  const third = await broker.connect(["shelf"]);
  const owning = third.own(claim);
  await mute.close();
  await owning;
}, 60_000);

test("an owner that was cut off serves no call before it knows that it is the owner", async () => {
  const owner = await broker.connect(["shelf"]);
  await owner.own(claim);
  const procedures = proceduresOf(shelf);
  const offer = { module: "shelf", procedures, isReader: false, traffic: () => never() };
  owner.serve(offer, async () => JSON.stringify({ count: 3 }));
  const gateway = await broker.connect(["gateway"]);
  await beMute();
  const connections = [mute, owner, gateway].flatMap((one) =>
    "connections" in one ? [...one.connections.values()] : [one],
  );
  const areBack = Promise.all(
    connections.map((one) => new Promise<void>((resolve) => one.onUp(resolve))),
  );
  broker.small.broker.kill();
  broker.small.broker.start();
  await areBack;

  let isAnswered = false;
  const request = {
    caller: "gateway",
    identity: system,
    traceId: "0123456789abcdef0123456789abcdef",
    deadlineAtMs: 60_000_000,
    key: undefined,
    asText: false,
  };
  const answer = gateway.call(shelf.countOf, { thing: "tea" }, request).then((value) => {
    isAnswered = true;
    return value;
  });
  await turns(100);
  expect(isAnswered).toBe(false);
  await mute.close();
  expect(await answer).toEqual({ count: 3 });
}, 60_000);

function never(): never {
  throw new Error("Nobody asks for this here.");
}
