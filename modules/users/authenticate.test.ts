import { describe, expect, test } from "bun:test";
import { calculateJwkThumbprint, generateKeyPair, SignJWT, UnsecuredJWT } from "jose";
import { type Placed, place } from "../../runtime/testing/place.ts";
import { authenticator, InvalidToken } from "./authenticate.ts";
import { users } from "./contract.ts";
import usersModule from "./module.ts";

const ada = { email: "ada@example.com", password: "correct horse battery" };

/** A shop with one user who is logged in, and the gateway's way to tell who sends a token. */
async function opened() {
  const shop = await place("in process", [usersModule]);
  await shop.call(users.createUser, { ...ada, name: "Ada", role: "staff" });
  const { accessToken, user } = await shop.call(users.logIn, ada);
  const fetches = { count: 0, failing: false };
  const authenticate = authenticator({
    now: () => shop.now(),
    tokenKeys() {
      fetches.count += 1;
      if (fetches.failing) return Promise.reject(new Error("users is away"));
      return shop.call(users.tokenKeys, {});
    },
  });
  return {
    shop,
    accessToken,
    user,
    authenticate,
    fetches,
    async [Symbol.asyncDispose]() {
      await shop[Symbol.asyncDispose]();
    },
  };
}

function part(token: string, index: number): string {
  return token.split(".")[index] ?? "";
}

/** The token with some of its header or claims replaced and its signature kept. */
function tampered(token: string, index: number, change: object): string {
  const json = JSON.parse(Buffer.from(part(token, index), "base64url").toString());
  const encoded = Buffer.from(JSON.stringify({ ...json, ...change })).toString("base64url");
  return token.split(".").with(index, encoded).join(".");
}

async function onlyKey(shop: Placed) {
  const { keys } = await shop.call(users.tokenKeys, {});
  const [key] = keys;
  if (key === undefined || keys.length > 1) throw new Error(`${keys.length} keys`);
  return key;
}

describe("a token of a user", () => {
  test("tells who sent it, and is verified once", async () => {
    await using gate = await opened();
    const identity = { kind: "user", userId: gate.user.userId, role: "staff" } as const;
    expect(await gate.authenticate(gate.accessToken)).toEqual(identity);
    expect(await gate.authenticate(gate.accessToken)).toBe(
      await gate.authenticate(gate.accessToken),
    );
    expect(gate.fetches.count).toBe(1);
  });

  test("says no more than it must", async () => {
    await using gate = await opened();
    const [header, claims] = [0, 1].map((index) =>
      JSON.parse(Buffer.from(part(gate.accessToken, index), "base64url").toString()),
    );
    const { kid } = await onlyKey(gate.shop);
    expect(header).toEqual({ alg: "EdDSA", typ: "at+jwt", kid });
    const issuedAt = gate.shop.now() / 1_000;
    expect(claims).toEqual({
      iss: "cleave",
      aud: "shop",
      sub: gate.user.userId,
      sid: expect.stringMatching(/^ses_/),
      role: "staff",
      iat: issuedAt,
      exp: issuedAt + 600,
    });
  });

  test("runs out after ten minutes and half a minute of grace, remembered or not", async () => {
    await using gate = await opened();
    await gate.authenticate(gate.accessToken);
    await gate.shop.advance(629_999);
    await gate.authenticate(gate.accessToken);
    await gate.shop.advance(1);
    await expect(gate.authenticate(gate.accessToken)).rejects.toBeInstanceOf(InvalidToken);
  });
});

describe("a forged token", () => {
  test.each(["", "x", "a.b.c", "..", `${"a".repeat(4_097)}`])("%# is refused", async (bearer) => {
    await using gate = await opened();
    await expect(gate.authenticate(bearer)).rejects.toBeInstanceOf(InvalidToken);
  });

  test("without a signature is refused", async () => {
    await using gate = await opened();
    const unsigned = new UnsecuredJWT({ sid: "s", role: "admin" })
      .setSubject(gate.user.userId)
      .setIssuer("cleave")
      .setAudience("shop")
      .setExpirationTime(9_999_999_999)
      .encode();
    const stripped = `${part(gate.accessToken, 0)}.${part(gate.accessToken, 1)}.`;
    for (const bearer of [
      unsigned,
      stripped,
      tampered(gate.accessToken, 0, { alg: "none" }),
      `${part(tampered(gate.accessToken, 0, { alg: "none" }), 0)}.${part(gate.accessToken, 1)}.`,
    ]) {
      await expect(gate.authenticate(bearer)).rejects.toBeInstanceOf(InvalidToken);
    }
  });

  test("signed with the public key as if it were a shared secret is refused", async () => {
    await using gate = await opened();
    const key = await onlyKey(gate.shop);
    for (const secret of [key.x, JSON.stringify(key)]) {
      const bearer = await new SignJWT({ sid: "s", role: "admin" })
        .setProtectedHeader({ alg: "HS256", typ: "at+jwt", kid: key.kid })
        .setSubject(gate.user.userId)
        .setIssuer("cleave")
        .setAudience("shop")
        .setIssuedAt(gate.shop.now() / 1_000)
        .setExpirationTime(9_999_999_999)
        .sign(new TextEncoder().encode(secret));
      await expect(gate.authenticate(bearer)).rejects.toBeInstanceOf(InvalidToken);
    }
  });

  test("signed by another key is refused, whatever key its header names", async () => {
    await using gate = await opened();
    const { kid } = await onlyKey(gate.shop);
    const { privateKey, publicKey } = await generateKeyPair("EdDSA", { extractable: true });
    const jwk = await crypto.subtle.exportKey("jwk", publicKey);
    for (const header of [{ kid: "mine" }, { kid }, {}, { kid: "mine", jwk: { ...jwk } }]) {
      const bearer = await new SignJWT({ sid: "s", role: "admin" })
        .setProtectedHeader({ alg: "EdDSA", typ: "at+jwt", ...header })
        .setSubject(gate.user.userId)
        .setIssuer("cleave")
        .setAudience("shop")
        .setIssuedAt(gate.shop.now() / 1_000)
        .setExpirationTime(9_999_999_999)
        .sign(privateKey);
      await expect(gate.authenticate(bearer)).rejects.toBeInstanceOf(InvalidToken);
    }
  });

  test.each([
    ["role", { role: "admin" }],
    ["user", { sub: "usr_other" }],
    ["end", { exp: 9_999_999_999 }],
  ])("with another %s than was signed is refused", async (_what, change) => {
    await using gate = await opened();
    await gate.authenticate(gate.accessToken);
    const bearer = tampered(gate.accessToken, 1, change);
    await expect(gate.authenticate(bearer)).rejects.toBeInstanceOf(InvalidToken);
  });
});

describe("a token of ours for something else", () => {
  const nowMs = 1_767_225_600_000;

  const good = {
    ...{ iss: "cleave", aud: "shop", sub: "usr_1", sid: "ses_1", role: "customer" },
    ...{ iat: nowMs / 1_000, exp: nowMs / 1_000 + 600 },
  };

  /** What signs with a key of our own, and what verifies with it. */
  async function ownKey() {
    const { privateKey } = await generateKeyPair("EdDSA", { extractable: true });
    const { x = "" } = await crypto.subtle.exportKey("jwk", privateKey);
    const jwk = { kty: "OKP", crv: "Ed25519", x };
    const kid = await calculateJwkThumbprint(jwk);
    const keys = [{ kid, ...jwk }];
    const tokenKeys = async () => ({ issuer: "cleave", keys });
    const signed = (claims: object, typ = "at+jwt") =>
      new SignJWT({ ...claims }).setProtectedHeader({ alg: "EdDSA", typ, kid }).sign(privateKey);
    return { signed, tokenKeys };
  }

  test("is refused: wrong type, issuer, audience, role, or a claim left out", async () => {
    const { signed, tokenKeys } = await ownKey();
    const authenticate = authenticator({ tokenKeys, now: () => nowMs });

    expect(await authenticate(await signed(good))).toMatchObject({ userId: "usr_1" });
    const { sid: _sid, ...withoutSession } = good;
    const { exp: _exp, ...withoutEnd } = good;
    for (const bearer of [
      await signed(good, "JWT"),
      await signed({ ...good, iss: "other" }),
      await signed({ ...good, aud: "other" }),
      await signed({ ...good, role: "root" }),
      await signed({ ...good, sub: "" }),
      await signed(withoutSession),
      await signed(withoutEnd),
    ]) {
      await expect(authenticate(bearer)).rejects.toBeInstanceOf(InvalidToken);
    }
  });

  test("ten thousand remembered tokens are the most; the oldest is verified anew", async () => {
    const { signed, tokenKeys } = await ownKey();
    const authenticate = authenticator({ tokenKeys, now: () => nowMs });
    const token = (userId: string) => signed({ ...good, sub: userId });
    const oldest = await token("usr_first");
    const remembered = await authenticate(oldest);
    const bearers = await Promise.all(Array.from({ length: 9_999 }, (_, n) => token(`usr_${n}`)));
    for (const bearer of bearers) await authenticate(bearer);
    expect(await authenticate(oldest)).toBe(remembered);
    await authenticate(await token("usr_last"));
    expect(await authenticate(oldest)).not.toBe(remembered);
  }, 30_000);
});

describe("keys", () => {
  test("change after 30 days; the old one verifies until its last token has run out", async () => {
    await using gate = await opened();
    const { shop, authenticate } = gate;
    const old = await onlyKey(shop);
    await shop.advance(30 * 24 * 60 * 60_000 - 60_000);
    const byOld = await shop.call(users.logIn, ada);
    await shop.advance(60_000);
    const byNew = await shop.call(users.logIn, ada);

    expect(await authenticate(byOld.accessToken)).toMatchObject({ userId: gate.user.userId });
    expect(await authenticate(byNew.accessToken)).toMatchObject({ userId: gate.user.userId });
    const { keys } = await shop.call(users.tokenKeys, {});
    expect(keys).toHaveLength(2);
    expect(keys[1]).toEqual(old);
    await shop.advance(11 * 60_000);
    expect((await onlyKey(shop)).kid).toBe(keys[0]?.kid ?? "");
  });

  test("are fetched at most once a second, however many unknown ids come", async () => {
    await using gate = await opened();
    await gate.authenticate(gate.accessToken);
    const unknown = tampered(gate.accessToken, 0, { kid: "unknown" });
    await gate.shop.advance(1_000);
    for (let time = 0; time < 5; time++) {
      await expect(gate.authenticate(unknown)).rejects.toBeInstanceOf(InvalidToken);
    }
    expect(gate.fetches.count).toBe(2);
    await gate.shop.advance(1_000);
    await expect(gate.authenticate(unknown)).rejects.toBeInstanceOf(InvalidToken);
    expect(gate.fetches.count).toBe(3);
  });

  test("verify on while they cannot be fetched; without any the failure is told", async () => {
    await using gate = await opened();
    gate.fetches.failing = true;
    await expect(gate.authenticate(gate.accessToken)).rejects.toThrow("users is away");
    await expect(gate.authenticate(gate.accessToken)).rejects.toThrow("users is away");
    expect(gate.fetches.count).toBe(1);

    gate.fetches.failing = false;
    await gate.shop.advance(1_000);
    await gate.authenticate(gate.accessToken);
    await gate.shop.advance(6 * 60_000);
    const { accessToken } = await gate.shop.call(users.logIn, ada);
    gate.fetches.failing = true;
    expect(await gate.authenticate(accessToken)).toMatchObject({ role: "staff" });
  });
});

test("a key that was damaged where it is kept verifies nothing", async () => {
  await using gate = await opened();
  const { keys, ...about } = await gate.shop.call(users.tokenKeys, {});
  const authenticate = authenticator({
    now: () => gate.shop.now(),
    tokenKeys: async () => ({
      ...about,
      keys: keys.map((key) => ({ ...key, x: Buffer.alloc(32).toString("base64url") })),
    }),
  });
  await expect(authenticate(gate.accessToken)).rejects.toThrow(InvalidToken);
});
