import { afterAll, beforeAll, expect, test } from "bun:test";
import { Broker } from "../../testing/broker.ts";
import { links } from "../../testing/links.ts";
import { silent } from "../../testing/silent-log.ts";
import { virtualEnvironment } from "../../testing/virtual-environment.ts";
import { Directory } from "../balance/directory.ts";
import { Callee } from "./callee.ts";
import { Heartbeats, listenTo } from "./heartbeats.ts";
import type { Link } from "./link.ts";

const manifest = [
  links("shelf"),
  links("desk", { calls: [{ callee: "shelf", procedures: ["find"] }] }),
];

let broker: Broker;
let shelf: Link;
let desk: Link;

beforeAll(async () => {
  broker = await Broker.open(manifest);
  shelf = await broker.link("shelf", silent);
  desk = await broker.link("desk", silent);
});
afterAll(async () => {
  await Promise.all([shelf.close(), desk.close()]);
  await broker[Symbol.asyncDispose]();
});

/** A callee of the shelf that says how it is, and a directory at the desk that hears it. */
async function heardAtDesk(instance: string) {
  const environment = virtualEnvironment();
  const directory = new Directory(environment);
  listenTo(["shelf"], desk, directory);
  await desk.flush();
  const offer = { module: "shelf", procedures: [], isReader: false, traffic: () => never() };
  const about = { connection: shelf, instance, manifest, environment, log: silent };
  const callee = new Callee(about, offer, () => never());
  const beats = new Heartbeats(callee, { connection: shelf, environment, version: "1" });
  const pass = async (ms: number) => {
    environment.moveTo(environment.now() + ms);
    await shelf.flush();
    await desk.flush();
    return directory.neighbours();
  };
  return { callee, beats, directory, pass };
}

function never(): never {
  throw new Error("Nothing is asked of it.");
}

test("an instance that says the same again and again is not silent", async () => {
  const { pass, beats } = await heardAtDesk("one");
  for (let beat = 0; beat < 8; beat++) {
    expect(await pass(500)).toEqual([{ module: "shelf", instance: "one", state: "up" }]);
  }
  beats.drain();
  expect(await pass(0)).toEqual([{ module: "shelf", instance: "one", state: "draining" }]);
  // What it has begun may take long: it is there until that is done.
  for (let beat = 0; beat < 8; beat++) {
    expect(await pass(500)).toEqual([{ module: "shelf", instance: "one", state: "draining" }]);
  }
  beats.stop();
  expect(await pass(2_000)).toEqual([{ module: "shelf", instance: "one", state: "silent" }]);
});

test("what changes of an instance is heard with its next sign of life", async () => {
  const { pass, beats, callee, directory } = await heardAtDesk("two");
  await pass(500);
  callee.calls = 3;
  callee.errors = 1;
  await pass(500);
  expect(directory.all("shelf").map(({ beat }) => beat)).toEqual([
    expect.objectContaining({ instance: "two", calls: 3, errors: 1 }),
  ]);
  beats.stop();
});
