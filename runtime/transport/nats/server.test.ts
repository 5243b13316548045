import { expect, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { realEnvironment } from "../../host/real-environment.ts";
import { jsonLog } from "../../telemetry/json-log.ts";
import { eventually } from "../../testing/eventually.ts";
import { listening } from "../../testing/listening.ts";
import { asModule, connectAs, testServer } from "../../testing/nats-server.ts";
import { sampleManifest } from "../../testing/sample/links.ts";
import { temporaryFolder } from "../../testing/temporary-folder.ts";
import { findNatsServer } from "./executable.ts";
import { authenticatorOf, makeKeys, makeNextKey, publicKeys } from "./keys.ts";
import { type ServerOptions, startNatsServer } from "./server.ts";
import { serverFiles, streamBytesMax, writeServerConfig } from "./server-config.ts";
import { signalReload } from "./server-process.ts";

const environment = realEnvironment();

function optionsOver(folder: string, more: Partial<ServerOptions> = {}): ServerOptions {
  const log = jsonLog({ level: "error", sink: () => {}, now: environment.now });
  const executable = process.env["NATS_SERVER"];
  return { folder, manifest: sampleManifest, environment, log, executable, ...more };
}

/** A file that says it is a nats-server of some version, and runs a script otherwise. */
function pretended(folder: string, version: string, script = ""): string {
  const path = `${folder}/pretended-server`;
  const answer = `[ "$1" = --version ] && { echo "nats-server: v${version}"; exit; }`;
  writeFileSync(path, `#!/bin/sh\n${answer}\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

test("keys are made once, and nobody else on the machine can read them", () => {
  using folder = temporaryFolder();
  makeKeys(folder.path, ["orders", "mail"]);
  const [first, ...more] = publicKeys(folder.path, "orders");
  expect(first).toMatch(/^U[A-Z0-9]{55}$/);
  expect(more).toEqual([]);
  makeKeys(folder.path, ["orders", "mail"]);
  expect(publicKeys(folder.path, "orders")).toEqual([first ?? ""]);
  expect(publicKeys(folder.path, "mail")).not.toEqual([first ?? ""]);

  makeNextKey(folder.path, "orders");
  expect(publicKeys(folder.path, "orders")).toHaveLength(2);
  const keys = `${folder.path}/nats/keys`;
  expect(statSync(keys).mode & 0o777).toBe(0o700);
  for (const name of ["orders.seed", "orders.next.seed"]) {
    expect(statSync(`${keys}/${name}`).mode & 0o777).toBe(0o600);
  }
});

test("a seed that cannot be read for a while is remembered", () => {
  using folder = temporaryFolder();
  makeKeys(folder.path, ["orders"]);
  const authenticator = authenticatorOf(folder.path, "orders");
  const path = `${folder.path}/nats/keys/orders.seed`;
  const before = authenticator("nonce");
  writeFileSync(path, "");
  expect(authenticator("nonce")).toEqual(before);
});

test("the config knows no way in but the users of its accounts", () => {
  using folder = temporaryFolder();
  makeKeys(folder.path, ["orders"]);
  writeServerConfig({ folder: folder.path, port: 4_222 }, sampleManifest);
  const config = readFileSync(`${folder.path}/nats/server.conf`, "utf8");
  const users = readFileSync(`${folder.path}/nats/accounts.conf`, "utf8");
  expect(config).toContain('listen: "127.0.0.1:4222"');
  expect(config).toContain("accounts {");
  expect(config).not.toMatch(/authorization|no_auth_user|allow_responses|sync_interval|http/);
  expect(users).not.toMatch(/allow_responses|password|token/);
  expect(users.match(/nkey:/g)).toHaveLength(1);
  expect(statSync(`${folder.path}/nats/accounts.conf`).mode & 0o777).toBe(0o600);
});

test("the permissions of another version are written anew, by procedure", () => {
  using folder = temporaryFolder();
  const path = `${folder.path}/nats/accounts.conf`;
  makeKeys(folder.path, ["orders"]);
  const wider = sampleManifest.map((links) => ({
    ...links,
    calls: links.calls.map((call) => ({ ...call, procedures: ["authorise", "refund"] })),
  }));
  writeServerConfig({ folder: folder.path, port: 4_222 }, wider);
  expect(readFileSync(path, "utf8")).toContain('"rpc.payments.refund.orders"');
  writeServerConfig({ folder: folder.path, port: 4_222 }, sampleManifest);
  const users = readFileSync(path, "utf8");
  expect(users).toContain('"rpc.payments.authorise.orders"');
  expect(users).toContain('"rpc-i.payments.*.authorise.orders"');
  expect(users).not.toMatch(/rpc\.payments\.(refund|\*)\.orders|rpc-i\.payments\.\*\.\*\.orders/);
});

test("all streams together fit into what the server may store, and that on the disk", () => {
  const streams = sampleManifest.filter(({ events }) => events.length > 0).length;
  using folder = temporaryFolder();
  writeServerConfig({ folder: folder.path, port: 4_222 }, sampleManifest);
  const config = readFileSync(`${folder.path}/nats/server.conf`, "utf8");
  const fileBytesMax = Number(config.match(/max_file_store: (\d+)/)?.[1]);
  expect(streamBytesMax(folder.path, sampleManifest) * streams).toBeLessThanOrEqual(fileBytesMax);
});

test("a server is ready when it is said to be, and is gone when it is stopped", async () => {
  await using shop = await testServer(sampleManifest);
  const connection = await shop.connect("orders");
  expect(connection.info?.version).toBe(shop.server.version);
  expect(connection.info?.jetstream).toBe(true);
  await shop.server.stop();
  await shop.server.stop();
  expect(() => process.kill(shop.server.pid, 0)).toThrow();
});

test("it is told when the server ends by itself", async () => {
  await using shop = await testServer(sampleManifest);
  process.kill(shop.server.pid, "SIGKILL");
  expect(await shop.server.died).toStartWith("nats-server ended by itself (SIGKILL).");
});

test("streams of a folder with one account are found, and its users.conf goes", async () => {
  using folder = temporaryFolder();
  const options = optionsOver(folder.path);
  const { config, formerUsers, store } = serverFiles(folder.path);
  makeKeys(folder.path, ["provisioner"]);
  mkdirSync(store, { recursive: true });
  const [key] = publicKeys(folder.path, "provisioner");
  writeFileSync(formerUsers, `users: [ { nkey: ${key} } ]`);
  writeFileSync(
    config,
    `listen: "127.0.0.1:-1"
     jetstream { store_dir: "${store}" }
     accounts { CLEAVE { jetstream: enabled, include "./users.conf" } }`,
  );
  const { path } = findNatsServer(options.executable);
  const older = Bun.spawn([path, "-c", config], { stderr: "pipe" });
  const url = `nats://${await listening(older.stderr)}`;
  const before = await connectAs("provisioner", { url, folder: folder.path });
  const { streams } = await jetstreamManager(before);
  await streams.add({ name: "EV_orders", subjects: ["ev.orders.>"] });
  await jetstream(before).publish("ev.orders.0.placed", "{}");
  await before.close();
  older.kill();
  await older.exited;

  const server = await startNatsServer(options);
  const about = { url: server.url, folder: folder.path };
  const [orders, mail] = [await connectAs("orders", about), await connectAs("mail", about)];
  const manager = await jetstreamManager(orders, { ...asModule, checkAPI: false });
  expect((await manager.streams.info("EV_orders")).state.messages).toBe(1);
  expect(existsSync(formerUsers)).toBe(false);
  await Promise.all([orders.close(), mail.close()]);
  await server.stop();
}, 30_000);

test("a server that does not end on SIGTERM is killed", async () => {
  using folder = temporaryFolder();
  const executable = pretended(
    folder.path,
    "2.9.10",
    `trap '' TERM
     echo '[1] [INF] Listening for client connections on 127.0.0.1:1' >&2
     echo '[1] [INF] Server is ready' >&2
     while :; do sleep 0.05; done`,
  );
  const hasty = {
    ...environment,
    after: (delayMs: number, work: () => void) =>
      environment.after(delayMs > 10_000 ? delayMs : delayMs / 100, work),
  };
  const server = await startNatsServer(
    optionsOver(folder.path, { executable, environment: hasty }),
  );
  await server.stop();
  expect(() => process.kill(server.pid, 0)).toThrow();
});

test("no second server runs over one folder, and one left behind is ended first", async () => {
  using folder = temporaryFolder();
  const options = optionsOver(folder.path);
  const first = await startNatsServer(options);
  await expect(startNatsServer(options)).rejects.toThrow("is owned by another process");
  await first.stop();

  const { path } = findNatsServer(options.executable);
  const left = Bun.spawn([path, "-c", `${folder.path}/nats/server.conf`], { stderr: "ignore" });
  const pidFile = Bun.file(`${folder.path}/nats/server.pid`);
  await eventually(
    () => pidFile.text(),
    (pid) => pid === String(left.pid),
  );
  const second = await startNatsServer(options);
  expect(left.killed).toBe(true);
  await second.stop();
});

test("a process that took over the id of a server is left alone", async () => {
  await using shop = await testServer(sampleManifest);
  await shop.server.stop();
  const stranger = Bun.spawn(["sleep", "60"]);
  writeFileSync(`${shop.folder}/nats/server.pid`, String(stranger.pid));
  expect(() => signalReload(shop.folder)).toThrow("No nats-server of Cleave runs over");
  const server = await startNatsServer(optionsOver(shop.folder));
  expect(stranger.killed).toBe(false);
  stranger.kill();
  await server.stop();
});

test("what is wrong with a server is said, with what to do", async () => {
  using folder = temporaryFolder();
  const start = (more: Partial<ServerOptions>) => startNatsServer(optionsOver(folder.path, more));
  const missing = `${folder.path}/no-server`;
  await expect(start({ executable: missing })).rejects.toThrow(
    `${missing} cannot be run as nats-server. Install it with \`apt install nats-server\``,
  );
  const old = pretended(folder.path, "2.9.9");
  await expect(start({ executable: old })).rejects.toThrow(
    "is nats-server 2.9.9; Cleave needs at least 2.9.10.",
  );
  const floor = pretended(folder.path, "2.9.10");
  await expect(start({ executable: floor, syncInterval: "always" })).rejects.toThrow(
    "is nats-server 2.9.10 and knows no sync interval (always).",
  );
  const broken = pretended(folder.path, "2.9.10", "echo '[1] [FTL] no luck today' >&2; exit 1");
  await expect(start({ executable: broken })).rejects.toThrow(
    "nats-server did not start. It said: no luck today",
  );
});

test("a port that is taken is named", async () => {
  await using shop = await testServer(sampleManifest);
  using folder = temporaryFolder();
  const port = Number(new URL(shop.url).port);
  await expect(startNatsServer(optionsOver(folder.path, { port }))).rejects.toThrow(
    /nats-server did not start\. It said: .*:\d+.*address already in use/,
  );
});

test("users that a server cannot read leave it as it is", async () => {
  await using shop = await testServer(sampleManifest);
  await shop.connect("orders");
  writeFileSync(`${shop.folder}/nats/accounts.conf`, "users: [ { nkey: nonsense } ]");
  await expect(shop.server.reload()).rejects.toThrow("nats-server did not take its new config");
  await shop.connect("mail");
});
