import { expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { listening } from "../../testing/listening.ts";
import { muteServer } from "../../testing/mute-server.ts";
import { testServer } from "../../testing/nats-server.ts";
import { sampleManifest } from "../../testing/sample/links.ts";
import { temporaryFolder } from "../../testing/temporary-folder.ts";
import { findNatsServer, isOlder } from "./executable.ts";
import { makeKeys } from "./keys.ts";
import { permissionsOf } from "./permissions.ts";
import { selfTest } from "./self-test.ts";
import { serverFiles } from "./server-config.ts";

const manifest = sampleManifest;

test("a server that Cleave has started passes, and does not complain of the test", async () => {
  await using shop = await testServer(sampleManifest);
  await selfTest({ url: shop.url, folder: shop.folder, manifest });
  const complaints = shop.log().split("\n").slice(0, -1);
  expect(complaints.filter((line) => !line.includes("authentication error"))).toEqual([]);
});

test.each([
  ["publish", "publish to rpc.mail-cleave-self-test.cleave-self-test.mail-cleave-self-test"],
  ["subscribe", "subscribe to _INBOX.mail-cleave-self-test.>"],
])("a server that lets a module %s as it likes is refused", async (deed, words) => {
  await using shop = await testServer(sampleManifest);
  const { accounts: path } = serverFiles(shop.folder);
  const [before = "", rest = ""] = readFileSync(path, "utf8").split("# mail\n");
  const open = rest.replace(new RegExp(`${deed}: \\{ allow: \\[`), `${deed}: { allow: [">", `);
  writeFileSync(path, `${before}# mail\n${open}`);
  await shop.server.reload();
  await expect(selfTest({ url: shop.url, folder: shop.folder, manifest })).rejects.toThrow(
    `The nats-server at ${shop.url} lets mail ${words}, which no module may.`,
  );
});

test("a server that does not know a user's key is told from one that is not there", async () => {
  await using shop = await testServer(sampleManifest);
  using other = temporaryFolder();
  makeKeys(other.path, permissionsOf(manifest).keys());
  await expect(selfTest({ url: shop.url, folder: other.path, manifest })).rejects.toThrow(
    `The nats-server at ${shop.url} does not know the key of orders.`,
  );
});

const system = "$SYS { users: [ { user: admin, password: secret } ] }";
const someKey = "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4";

test.each([
  [
    "that takes strangers for somebody",
    `accounts { ${system}, A { users: [ { user: any, password: "" } ] } }, no_auth_user: any`,
    "always",
  ],
  [
    "that opens old servers to anybody (CVE-2023-47090)",
    `accounts { ${system} }, authorization { users: [ { nkey: ${someKey} } ] }`,
    "before 2.9.23",
  ],
])("a config %s is noticed", async (_what, config, open) => {
  await using server = await serverWith(config);
  using folder = temporaryFolder();
  makeKeys(folder.path, permissionsOf(manifest).keys());
  const tested = selfTest({ url: server.url, folder: folder.path, manifest });
  const isOpen = open === "always" || isOlder(server.version, "2.9.23");
  const said = await tested.then(() => "passed", String);
  expect(said.includes("lets in clients without a key")).toBe(isOpen);
});

test("a server that does not answer in time is not said to be open", async () => {
  using folder = temporaryFolder();
  makeKeys(folder.path, permissionsOf(manifest).keys());
  using server = muteServer();
  const tested = selfTest({ url: server.url, folder: folder.path, manifest });
  await expect(tested).rejects.toThrow(/did not say within \d+ ms whether it guards/);
});

/** A server with a config that Cleave would not write. */
async function serverWith(text: string) {
  const folder = temporaryFolder();
  const config = `${folder.path}/server.conf`;
  writeFileSync(config, `listen: "127.0.0.1:-1"\n${text}`);
  const { path, version } = findNatsServer(process.env["NATS_SERVER"]);
  const child = Bun.spawn([path, "-c", config], { stderr: "pipe" });
  return {
    version,
    url: `nats://${await listening(child.stderr)}`,
    async [Symbol.asyncDispose]() {
      child.kill();
      await child.exited;
      folder[Symbol.dispose]();
    },
  };
}
