import { expect, test } from "bun:test";
import { rmSync, writeFileSync } from "node:fs";
import { manifestOf } from "../module/manifest.ts";
import { testServer } from "../testing/nats-server.ts";
import { deskModule } from "../testing/sample/desk.ts";
import { shelfModule } from "../testing/sample/shelf.ts";
import { silent } from "../testing/silent-log.ts";
import type { Manifest, ModuleLinks } from "../transport/manifest.ts";
import { publicKeys } from "../transport/nats/keys.ts";
import { serverFiles } from "../transport/nats/server-config.ts";
import { natsTransport } from "./nats-transport.ts";
import { realEnvironment } from "./real-environment.ts";
import { StartError } from "./start-error.ts";

const whole = manifestOf([shelfModule, deskModule]);

/** Opens the transport of an instance with the desk, and says how that went. */
async function opened({ url, folder }: { readonly url: string; readonly folder: string }) {
  const placement = {
    name: "desk",
    modules: ["desk"],
    role: "edge",
    index: 0,
    isMember: false,
  } as const;
  const about = { placement, modules: [deskModule], folder, log: silent };
  const needs = { ...about, environment: realEnvironment() };
  try {
    const topology = { name: "split", instances: ["shelf", "desk"] };
    await (await natsTransport({ url, topology }, needs)).close();
    return "opened";
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    return error.message;
  }
}

/** The manifest as it was when the desk declared less. */
function when(desk: (now: ModuleLinks) => ModuleLinks): Manifest {
  return whole.map((links) => (links.name === "desk" ? desk(links) : links));
}

test("an instance starts at a broker that knows what it declares", async () => {
  await using shop = await testServer(whole);
  expect(await opened(shop)).toBe("opened");
});

test("a broker that was provisioned before a call was declared is refused at start", async () => {
  const [{ procedures: [first = "", ...others] = [] } = {}] =
    whole.find(({ name }) => name === "desk")?.calls ?? [];
  const calls = [{ callee: "shelf", procedures: others }];
  await using shop = await testServer(when((desk) => ({ ...desk, calls })));
  expect(await opened(shop)).toBe(
    `The nats-server at ${shop.url} has the users of another version: it does not know that desk ` +
      `uses shelf.${first}. Run "cleave nats provision" over this data folder, include its ` +
      'accounts.conf, as it is, in "accounts" of the server\'s config, and reload the server.',
  );
});

test("a broker that was provisioned before a reaction is refused at the start", async () => {
  await using shop = await testServer(when((desk) => ({ ...desk, reads: [] })));
  expect(await opened(shop)).toMatch(/does not know that desk uses shelf\.\w+/);
});

test("a broker with the accounts of an earlier version is refused at the start", async () => {
  await using shop = await testServer(whole);
  const users = ["shelf", "desk", "gateway"].map(
    (user) =>
      `{ nkey: ${publicKeys(shop.folder, user)[0]}, permissions: { ` +
      'publish: { allow: ["rpc.>"] }, subscribe: { allow: ["_INBOX.>"] } } }',
  );
  writeFileSync(
    serverFiles(shop.folder).accounts,
    `CLEAVE { jetstream: enabled, users: [ ${users.join("\n")} ] }`,
  );
  await shop.server.reload();
  expect(await opened(shop)).toContain(
    `The nats-server at ${shop.url} has the users of another version of Cleave, desk among them.`,
  );
});

test.each(["missing", "damaged"])("a folder whose manifest is %s is refused", async (how) => {
  await using shop = await testServer(whole);
  const { manifest } = serverFiles(shop.folder);
  if (how === "missing") rmSync(manifest);
  else writeFileSync(manifest, '[{"name":"desk"}]');
  const fault = how === "missing" ? "is missing" : "holds no manifest";
  expect(await opened(shop)).toStartWith(`${manifest} ${fault}: it says who may call whom`);
});
