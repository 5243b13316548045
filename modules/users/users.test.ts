import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { type Placed, place, placements } from "../../runtime/testing/place.ts";
import { users } from "./contract.ts";
import usersModule from "./module.ts";

const DAY_MS = 24 * 60 * 60_000;
const ada = { email: "ada@example.com", password: "correct horse battery", name: "Ada" };
const credentials = { email: ada.email, password: ada.password };
const wrong = { email: ada.email, password: "wrong horse battery" };

async function failed(shop: Placed, { email }: { email: string }, times: number) {
  for (let time = 0; time < times; time++) {
    const attempt = shop.call(users.logIn, { email, password: "wrong horse battery" });
    await expect(attempt).rejects.toMatchObject({ code: "INVALID_CREDENTIALS" });
  }
}

describe.each(placements)("accounts, %s", (placement) => {
  test("a second registration of an address is answered alike and changes nothing", async () => {
    await using shop = await place(placement, [usersModule]);
    const first = await shop.call(users.registerUser, ada);
    const other = { email: " ADA@Example.com ", password: "another password", name: "Eve" };
    const second = await shop.call(users.registerUser, other);

    expect(second).toEqual(first);
    const { user } = await shop.call(users.logIn, credentials);
    expect(user).toMatchObject({ email: ada.email, name: "Ada", role: "customer" });
    await expect(shop.call(users.logIn, other)).rejects.toMatchObject({
      code: "INVALID_CREDENTIALS",
    });
    expect(shop.events).toEqual([
      {
        type: "users.userRegistered",
        payload: { userId: user.userId, email: ada.email, name: "Ada" },
      },
    ]);
  });

  test.each(["Password1", "qwertyuiop", "ada.lovelace"])("%s is too common", async (password) => {
    await using shop = await place(placement, [usersModule]);
    const account = { email: "Ada.Lovelace@example.com", password, name: "Ada" };
    await expect(shop.call(users.registerUser, account)).rejects.toMatchObject({
      code: "PASSWORD_TOO_COMMON",
    });
    await expect(shop.call(users.createUser, { ...account, role: "staff" })).rejects.toMatchObject({
      code: "PASSWORD_TOO_COMMON",
    });
    expect(shop.events).toEqual([]);
  });

  test("an account with a role is created once, and nobody is welcomed", async () => {
    await using shop = await place(placement, [usersModule]);
    const boss = { ...ada, role: "admin" } as const;
    const created = await shop.call(users.createUser, boss);

    expect(created).toMatchObject({ email: ada.email, role: "admin" });
    await expect(shop.call(users.createUser, boss)).rejects.toMatchObject({
      code: "EMAIL_TAKEN",
      data: { email: ada.email },
    });
    expect(shop.events).toEqual([]);
  });

  test("users see themselves, staff see everyone, and others see nobody", async () => {
    await using shop = await place(placement, [usersModule]);
    const { userId } = await shop.call(users.createUser, { ...ada, role: "customer" });
    const hidden = { code: "USER_NOT_FOUND", data: { userId } };

    const self = shop.as({ kind: "user", userId, role: "customer" });
    expect(await self.call(users.userById, { userId })).toMatchObject({ email: ada.email });
    const staff = shop.as({ kind: "user", userId: "usr_2", role: "staff" });
    expect(await staff.call(users.userById, { userId })).toMatchObject({ email: ada.email });
    const other = shop.as({ kind: "user", userId: "usr_3", role: "customer" });
    await expect(other.call(users.userById, { userId })).rejects.toMatchObject(hidden);
    const nobody = shop.as({ kind: "anonymous" });
    await expect(nobody.call(users.userById, { userId })).rejects.toMatchObject(hidden);
  });
});

describe.each(placements)("guessing passwords, %s", (placement) => {
  test("the fifth failure blocks the address for 32 seconds, also for the right one", async () => {
    await using shop = await place(placement, [usersModule]);
    await shop.call(users.registerUser, ada);
    await failed(shop, ada, 5);

    const blocked = { code: "TOO_MANY_ATTEMPTS", data: { retryAfterSeconds: 32 } };
    await expect(shop.call(users.logIn, credentials)).rejects.toMatchObject(blocked);
    await shop.advance(31_999);
    await expect(shop.call(users.logIn, credentials)).rejects.toMatchObject({
      data: { retryAfterSeconds: 1 },
    });
    await shop.advance(1);
    expect(await shop.call(users.logIn, credentials)).toMatchObject({ expiresIn: 600 });
    await failed(shop, ada, 4);
    expect(await shop.call(users.logIn, credentials)).toMatchObject({ expiresIn: 600 });
  });

  test("a wrong password that is sent again with its key counts once", async () => {
    await using shop = await place(placement, [usersModule]);
    await shop.call(users.registerUser, ada);
    for (let sent = 0; sent < 6; sent++) {
      const attempt = shop.call(users.logIn, wrong, { key: "k" });
      await expect(attempt).rejects.toMatchObject({ code: "INVALID_CREDENTIALS" });
    }
    expect(await shop.call(users.logIn, credentials)).toMatchObject({ expiresIn: 600 });
  });

  test("a right password that came too early is let in with the same key later", async () => {
    await using shop = await place(placement, [usersModule]);
    await shop.call(users.registerUser, ada);
    await failed(shop, ada, 5);
    const attempt = () => shop.call(users.logIn, credentials, { key: "k" });
    await expect(attempt()).rejects.toMatchObject({ code: "TOO_MANY_ATTEMPTS" });
    await shop.advance(32_000);
    expect(await attempt()).toMatchObject({ expiresIn: 600 });
  });

  test("an address without an account is blocked just the same", async () => {
    await using shop = await place(placement, [usersModule]);
    await failed(shop, { email: "nobody@example.com" }, 5);
    const attempt = shop.call(users.logIn, { ...wrong, email: " NOBODY@example.com" });
    await expect(attempt).rejects.toMatchObject({
      code: "TOO_MANY_ATTEMPTS",
      data: { retryAfterSeconds: 32 },
    });
  });

  test("the count outlives a crash and the delay grows to 15 minutes, no further", async () => {
    await using shop = await place(placement, [usersModule]);
    await shop.call(users.registerUser, ada);
    await failed(shop, ada, 5);
    await shop.restart();
    for (const seconds of [32, 64, 128, 256, 512, 900, 900]) {
      await expect(shop.call(users.logIn, wrong)).rejects.toMatchObject({
        code: "TOO_MANY_ATTEMPTS",
        data: { retryAfterSeconds: seconds },
      });
      await shop.advance(seconds * 1_000);
      await failed(shop, ada, 1);
    }
  });

  test("guesses made side by side learn no more than five made in turn", async () => {
    await using shop = await place(placement, [usersModule]);
    await shop.call(users.registerUser, ada);
    const guesses = [...Array(9).fill(wrong), credentials, ...Array(8).fill(wrong)];
    const answers = await Promise.allSettled(guesses.map((guess) => shop.call(users.logIn, guess)));

    const codes = answers.map((one) => (one.status === "rejected" ? one.reason.code : "in"));
    expect(codes.filter((code) => code === "INVALID_CREDENTIALS")).toHaveLength(5);
    expect(codes.filter((code) => code === "TOO_MANY_ATTEMPTS")).toHaveLength(13);
  });

  test("past two at work and sixteen waiting, passwords are not looked at", async () => {
    await using shop = await place(placement, [usersModule]);
    const answers = await Promise.allSettled(
      Array.from({ length: 24 }, (_, index) =>
        shop.call(users.logIn, { ...wrong, email: `user-${index}@example.com` }),
      ),
    );
    const refused = answers.filter(
      (one) => one.status === "rejected" && one.reason.code === "TOO_MANY_ATTEMPTS",
    );
    expect(refused).toHaveLength(6);
    expect(refused[0]).toMatchObject({ reason: { data: { retryAfterSeconds: 1 } } });
  });
});

describe.each(placements)("sessions, %s", (placement) => {
  test("a lost answer is given again for ten seconds, to each who asks", async () => {
    await using shop = await place(placement, [usersModule]);
    await shop.call(users.registerUser, ada);
    const { refreshToken } = await shop.call(users.logIn, credentials);
    const [first, second] = await Promise.all([
      shop.call(users.refreshSession, { refreshToken }),
      shop.call(users.refreshSession, { refreshToken }),
    ]);
    await shop.advance(10_000);
    const third = await shop.call(users.refreshSession, { refreshToken });

    expect(second).toEqual(first);
    expect(third).toEqual(first);
    expect(first.refreshToken).not.toBe(refreshToken);
    await shop.call(users.refreshSession, { refreshToken: first.refreshToken });
    expect(shop.events).toHaveLength(1);
  });

  test("a used token that comes back later ends the session, and says so once", async () => {
    await using shop = await place(placement, [usersModule]);
    await shop.call(users.registerUser, ada);
    const { refreshToken: stolen, user } = await shop.call(users.logIn, credentials);
    const { refreshToken } = await shop.call(users.refreshSession, { refreshToken: stolen });
    const elsewhere = await shop.call(users.logIn, credentials);
    await shop.advance(10_001);

    for (const token of [stolen, refreshToken, stolen]) {
      const attempt = shop.call(users.refreshSession, { refreshToken: token });
      await expect(attempt).rejects.toMatchObject({ code: "INVALID_TOKEN" });
    }
    await shop.call(users.refreshSession, { refreshToken: elsewhere.refreshToken });
    expect(shop.events.slice(1)).toEqual([
      {
        type: "users.sessionRevoked",
        payload: {
          userId: user.userId,
          sessionId: expect.stringMatching(/^ses_/),
          reason: "a used refresh token came again",
        },
      },
    ]);
  });

  test("a token before the last is no lost answer, however soon it comes", async () => {
    await using shop = await place(placement, [usersModule]);
    await shop.call(users.registerUser, ada);
    const { refreshToken: oldest } = await shop.call(users.logIn, credentials);
    const second = await shop.call(users.refreshSession, { refreshToken: oldest });
    const third = await shop.call(users.refreshSession, { refreshToken: second.refreshToken });

    for (const refreshToken of [oldest, third.refreshToken]) {
      await expect(shop.call(users.refreshSession, { refreshToken })).rejects.toMatchObject({
        code: "INVALID_TOKEN",
      });
    }
  });

  test("a session ends after 14 days without use", async () => {
    await using shop = await place(placement, [usersModule]);
    await shop.call(users.registerUser, ada);
    const { refreshToken } = await shop.call(users.logIn, credentials);
    await shop.advance(14 * DAY_MS);
    await expect(shop.call(users.refreshSession, { refreshToken })).rejects.toMatchObject({
      code: "INVALID_TOKEN",
    });
  });

  test("a session ends after 90 days, however busy", async () => {
    await using shop = await place(placement, [usersModule]);
    await shop.call(users.registerUser, ada);
    let { refreshToken } = await shop.call(users.logIn, credentials);
    for (let day = 9; day < 90; day += 9) {
      await shop.advance(9 * DAY_MS);
      ({ refreshToken } = await shop.call(users.refreshSession, { refreshToken }));
    }
    await shop.advance(9 * DAY_MS);
    await expect(shop.call(users.refreshSession, { refreshToken })).rejects.toMatchObject({
      code: "INVALID_TOKEN",
    });
  });

  test("logging out ends the session, and may be repeated with any token", async () => {
    await using shop = await place(placement, [usersModule]);
    await shop.call(users.registerUser, ada);
    const { refreshToken } = await shop.call(users.logIn, credentials);
    expect(await shop.call(users.logOut, { refreshToken })).toEqual({ ended: true });
    expect(await shop.call(users.logOut, { refreshToken })).toEqual({ ended: true });
    expect(await shop.call(users.logOut, { refreshToken: "unknown" })).toEqual({ ended: true });
    await expect(shop.call(users.refreshSession, { refreshToken })).rejects.toMatchObject({
      code: "INVALID_TOKEN",
    });
  });

  test("sessions and keys outlive a crash", async () => {
    await using shop = await place(placement, [usersModule]);
    await shop.call(users.registerUser, ada);
    const { refreshToken } = await shop.call(users.logIn, credentials);
    const before = await shop.call(users.tokenKeys, {});
    const first = await shop.call(users.refreshSession, { refreshToken });
    await shop.restart();

    expect(await shop.call(users.tokenKeys, {})).toEqual(before);
    expect(await shop.call(users.refreshSession, { refreshToken })).toEqual(first);
  });

  test("neither a password nor a refresh token is on the disk", async () => {
    await using shop = await place(placement, [usersModule], { duplicate: false });
    await shop.call(users.registerUser, ada);
    const { refreshToken } = await shop.call(users.logIn, credentials);
    const next = await shop.call(users.refreshSession, { refreshToken });

    const files = readdirSync(shop.folder, { recursive: true, withFileTypes: true });
    const bytes = files
      .filter((file) => file.isFile())
      .map((file) => readFileSync(`${file.parentPath}/${file.name}`, "latin1"))
      .join("\n");
    expect(bytes).toContain(ada.email);
    for (const secret of [ada.password, refreshToken, next.refreshToken]) {
      expect(bytes.includes(secret)).toBe(false);
    }
  });
});
