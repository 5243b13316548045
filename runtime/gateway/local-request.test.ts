import { afterAll, expect, test } from "bun:test";
import { networkInterfaces } from "node:os";
import { realEnvironment } from "../host/real-environment.ts";
import { type Edge, Elysia } from "../http.ts";
import { silent } from "../testing/silent-log.ts";
import { gateway } from "./gateway.ts";
import { isLocalAddress, isLocalRequest } from "./local-request.ts";

const from = (address: string, headers: Record<string, string>) =>
  isLocalRequest(new Request("http://any/", { headers }), address);

test.each(["localhost", "localhost:3000", "shop.localhost:3000", "127.0.0.1:3000", "127.1.2.3"])(
  "a request from this machine for %s is local",
  (host) => {
    expect(from("127.0.0.1", { host })).toBe(true);
    expect(from("::ffff:127.0.0.1", { host })).toBe(true);
    expect(from("::1", { host: "[::1]:3000" })).toBe(true);
    expect(from("127.0.0.1", { host: "0.0.0.0:3000" })).toBe(true);
  },
);

test.each([
  ["another address", "192.168.1.7", { host: "localhost" }],
  ["an address that begins alike", "127.0.0.1.evil.example", { host: "localhost" }],
  ["no address", "nowhere", { host: "localhost" }],
  ["the name of another site", "127.0.0.1", { host: "evil.example:3000" }],
  ["a name that ends alike", "127.0.0.1", { host: "notlocalhost" }],
  ["a proxy", "127.0.0.1", { host: "localhost", "x-forwarded-for": "203.0.113.7" }],
  ["a newer proxy", "127.0.0.1", { host: "localhost", forwarded: "for=203.0.113.7" }],
  ["a proxy that tells itself alone", "127.0.0.1", { host: "localhost", via: "1.1 nginx" }],
  ["a proxy that tells the host", "127.0.0.1", { host: "localhost", "X-Forwarded-Host": "a.test" }],
  [
    "a proxy that tells the address",
    "127.0.0.1",
    { host: "localhost", "x-real-ip": "203.0.113.7" },
  ],
  ["a network's proxy", "::1", { host: "localhost", "cf-connecting-ip": "203.0.113.7" }],
  ["an outside page", "127.0.0.1", { host: "localhost:3000", origin: "https://shop.example" }],
  ["an outside referrer", "127.0.0.1", { host: "127.0.0.1:3000", referer: "https://a.test/x" }],
  [
    "a frame of another site that hides its page",
    "127.0.0.1",
    { host: "localhost:3000", origin: "null", "sec-fetch-site": "cross-site" },
  ],
  [
    "an image of another site that sends no referrer",
    "127.0.0.1",
    { host: "localhost:3000", "sec-fetch-site": "cross-site" },
  ],
  ["a referrer that is none", "127.0.0.1", { host: "127.0.0.1:3000", referer: "shop" }],
])("a request with %s is not", (_what, address, headers) => {
  expect(from(address, headers)).toBe(false);
});

test.each(["http://localhost:5173", "http://127.0.0.1:3000", "null", ""])(
  "a request that a page of this machine makes, %p, is local",
  (origin) => {
    expect(from("127.0.0.1", { host: "localhost:3000", origin })).toBe(true);
    expect(from("127.0.0.1", { host: "localhost:3000", referer: origin })).toBe(true);
  },
);

test.each(["none", "same-origin", "same-site"])(
  "a request that a browser here makes, %s, is local",
  (site) => {
    expect(from("127.0.0.1", { host: "localhost:3000", "sec-fetch-site": site })).toBe(true);
  },
);

test.each([
  ["http://localhost:3000", true],
  ["http://shop.localhost", true],
  ["http://0.0.0.0:3000", true],
  ["http://[::1]:3000", true],
  ["https://shop.example", false],
  ["http://localhost.shop.example", false],
  ["http://192.168.1.7:3000", false],
  ["http://a:99999", false],
])("that %s is an address of this machine alone is %p", (url, isLocal) => {
  expect(isLocalAddress(url)).toBe(isLocal);
});

const routes = (edge: Edge) =>
  new Elysia({ name: "aids" }).use(edge).get("/dev/mailbox", () => "mail", { access: "public" });
const server = gateway({
  routes: [routes],
  invoke: () => Promise.reject(new Error("nothing is called here")),
  authenticate: () => Promise.reject(new Error("nobody signs in here")),
  host: "0.0.0.0",
  port: 0,
  log: silent,
  environment: realEnvironment(),
  development: true,
  ready: () => true,
});
afterAll(() => server.stop(100));
const { port } = new URL(server.url);

test("a gateway on every interface shows its aids on the loopback one alone", async () => {
  expect((await fetch(`http://127.0.0.1:${port}/dev/mailbox`)).status).toBe(200);
  const headers = { host: "evil.example" };
  for (const method of ["GET", "POST"]) {
    const answer = await fetch(`http://127.0.0.1:${port}/dev/mailbox`, { method, headers });
    expect([method, answer.status]).toEqual([method, 404]);
  }
  const others = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal, family }) => !internal && family === "IPv4");
  for (const { address } of others) {
    const answer = await fetch(`http://${address}:${port}/dev/mailbox`, {
      headers: { host: "localhost" },
    });
    expect([address, answer.status]).toEqual([address, 404]);
  }
});
