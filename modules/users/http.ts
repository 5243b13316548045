import { type Edge, Elysia } from "#runtime/http";
import { users } from "./contract.ts";

/**
 * Registration, sessions, and who is asking. Answers with a secret in them are not to be stored.
 */
export function http(edge: Edge) {
  return new Elysia({ name: "users" })
    .use(edge)
    .post(
      "/v1/auth/register",
      ({ call, body, set }) => {
        set.status = 202;
        return call(users.registerUser, body);
      },
      {
        access: "public",
        body: users.registerUser.input,
        response: { 202: users.registerUser.output },
      },
    )
    .post(
      "/v1/auth/login",
      ({ call, body, set }) => {
        set.headers["cache-control"] = "no-store";
        return call(users.logIn, body);
      },
      { access: "public", body: users.logIn.input, response: users.logIn.output },
    )
    .post(
      "/v1/auth/refresh",
      ({ call, body, set }) => {
        set.headers["cache-control"] = "no-store";
        return call(users.refreshSession, body);
      },
      { access: "public", body: users.refreshSession.input, response: users.refreshSession.output },
    )
    .post("/v1/auth/logout", ({ call, body }) => call(users.logOut, body), {
      access: "public",
      body: users.logOut.input,
      response: users.logOut.output,
    })
    .get(
      "/v1/me",
      ({ call, identity, set }) => {
        set.headers["cache-control"] = "no-store";
        return call(users.userById, { userId: identity.kind === "user" ? identity.userId : "" });
      },
      { access: ["customer", "staff", "admin"], response: users.userById.output },
    )
    .get(
      "/.well-known/jwks.json",
      async ({ call, set }) => {
        const { keys } = await call(users.tokenKeys, {});
        set.headers["cache-control"] = "public, max-age=300";
        return { keys: keys.map((key) => ({ ...key, alg: "EdDSA", use: "sig" })) };
      },
      { access: "public" },
    );
}

/** The type of the users' routes, for the client. */
export type UsersHttp = ReturnType<typeof http>;
