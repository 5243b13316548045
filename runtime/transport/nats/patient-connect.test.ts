import { expect, test } from "bun:test";
import { nkeyAuthenticator, nkeys } from "@nats-io/transport-node";
import { muteServer } from "../../testing/mute-server.ts";
import { connectPatiently } from "./patient-connect.ts";

const authenticator = nkeyAuthenticator(nkeys.createUser().getSeed());

test("a client that a server has dropped without its noticing comes again", async () => {
  using server = muteServer({ ignored: 2 });
  const about = { servers: server.url, authenticator, timeout: 200, reconnect: false };
  const connection = await connectPatiently(about);
  expect(server.clients).toBe(3);
  await connection.close();
});

test("a client comes six times at most, and once where it is refused", async () => {
  using server = muteServer({ ignored: 99 });
  const about = { servers: server.url, timeout: 50, reconnect: false };
  await expect(connectPatiently({ ...about, authenticator })).rejects.toThrow("timeout");
  expect(server.clients).toBe(6);
  using strict = muteServer();
  await expect(connectPatiently({ ...about, servers: strict.url })).rejects.toThrow(/uthorization/);
  expect(strict.clients).toBe(1);
});
