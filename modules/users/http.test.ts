import { expect, test } from "bun:test";
import { gateway } from "../../runtime/gateway/gateway.ts";
import { realEnvironment } from "../../runtime/host/real-environment.ts";
import { jsonLog } from "../../runtime/telemetry/json-log.ts";
import { place } from "../../runtime/testing/place.ts";
import { authenticator } from "./authenticate.ts";
import { users } from "./contract.ts";
import { http } from "./http.ts";
import usersModule from "./module.ts";

const ada = { email: "ada@example.com", password: "correct horse battery" };

/** The routes behind a gateway that listens. */
async function opened() {
  const shop = await place("in process, encoded", [usersModule]);
  const { url, stop } = gateway({
    routes: [http],
    invoke: (procedure, input, { identity }) =>
      shop.as(identity).call<typeof procedure>(procedure, input as never),
    authenticate: authenticator({
      tokenKeys: () => shop.call(users.tokenKeys, {}),
      now: () => shop.now(),
    }),
    host: "127.0.0.1",
    port: 0,
    log: jsonLog({ level: "error", sink: () => {}, now: () => 0 }),
    environment: realEnvironment(),
    development: true,
    ready: () => true,
  });
  return {
    post(path: string, body: unknown) {
      const headers = { "content-type": "application/json" };
      return fetch(`${url}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
    },
    get(path: string, token?: string) {
      const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
      return fetch(`${url}${path}`, { headers });
    },
    async [Symbol.asyncDispose]() {
      await stop(1_000);
      await shop[Symbol.asyncDispose]();
    },
  };
}

async function bodyOf(response: Response) {
  return JSON.parse(await response.text());
}

test("who registers and logs in is known by the token until the session is ended", async () => {
  await using shop = await opened();
  const registered = await shop.post("/v1/auth/register", { ...ada, name: "Ada" });
  expect([registered.status, await registered.json()]).toEqual([202, { accepted: true }]);

  const login = await shop.post("/v1/auth/login", ada);
  expect(login.headers.get("cache-control")).toBe("no-store");
  const { accessToken, refreshToken } = await bodyOf(login);
  const me = await shop.get("/v1/me", accessToken);
  expect([me.status, await me.json()]).toMatchObject([200, { email: ada.email, name: "Ada" }]);

  const refreshed = await bodyOf(await shop.post("/v1/auth/refresh", { refreshToken }));
  expect((await shop.get("/v1/me", refreshed.accessToken)).status).toBe(200);
  const ended = await shop.post("/v1/auth/logout", { refreshToken: refreshed.refreshToken });
  expect(await ended.json()).toEqual({ ended: true });
  const late = await shop.post("/v1/auth/refresh", { refreshToken: refreshed.refreshToken });
  expect([late.status, await late.json()]).toMatchObject([401, { code: "invalid_token" }]);
});

test("without a good token nobody is anyone", async () => {
  await using shop = await opened();
  expect((await shop.get("/v1/me")).status).toBe(401);
  expect((await shop.get("/v1/me", "forged")).status).toBe(401);
  const login = await shop.post("/v1/auth/login", ada);
  expect([login.status, await login.json()]).toMatchObject([401, { code: "invalid_credentials" }]);
});

test("the public keys, and nothing private, are for everyone to keep a while", async () => {
  await using shop = await opened();
  await shop.post("/v1/auth/register", { ...ada, name: "Ada" });
  await shop.post("/v1/auth/login", ada);
  const jwks = await shop.get("/.well-known/jwks.json");
  expect(jwks.headers.get("cache-control")).toBe("public, max-age=300");
  const { keys } = await bodyOf(jwks);
  expect(Object.keys(keys[0]).sort()).toEqual(["alg", "crv", "kid", "kty", "use", "x"]);
});
