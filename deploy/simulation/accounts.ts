import { users } from "#modules/users";
import type { Call, OutputOf } from "#runtime";
import type { Client, Invariant, Rows } from "#runtime/simulation";
import { unlessRefused } from "./refusals.ts";

const PASSWORD = "leaves of the plant";
/** How often somebody gets their password wrong first: once more, and they would have to wait. */
const GUESSES = 4;
/** How long somebody reads before their session is prolonged, in milliseconds at most. */
const READS_MS = 20_000;
/** When a token that was used is certainly of no use any more. */
const GRACE_MS = 11_000;

type Session = OutputOf<typeof users.logIn>;
type Users = Call<typeof users>;

/**
 * Somebody makes an account, pressing the button twice, and uses it for a while, in two places.
 * Some then have their old token used by a thief, which ends that session; the others log out.
 */
export async function useAccount(call: Users, client: Client): Promise<void> {
  const who = { email: `user-${client.number}@example.com`, password: PASSWORD };
  const isRobbed = client.random() < 0.5;
  const registering = { ...who, name: "A User" };
  await Promise.all([call(users.registerUser, registering), call(users.registerUser, registering)]);
  for (let guesses = 0; guesses < GUESSES; guesses++) {
    const guessed = await call(users.logIn, { ...who, password: "a guess" }).catch(unlessRefused);
    if (guessed !== undefined) throw new Error(`${who.email} was let in by a wrong password.`);
  }
  const logIn = () => call(users.logIn, who);
  const [first, onTheirPhone] = await Promise.all([logIn(), logIn()]);
  for (const session of [first, onTheirPhone]) await checkSession(call, who, session);
  const second = await prolonged(call, client, first);
  const third = second && (await prolonged(call, client, second));
  // The answer to a refresh may be lost for longer than it is given again: then one logs in anew.
  if (third === undefined) return await checkSession(call, who, await logIn());
  await checkSession(call, who, third);
  if (isRobbed) {
    await client.pause(GRACE_MS);
    await checkRefused(call, first, "a token that was used long ago");
  } else await call(users.logOut, third);
  await checkRefused(call, third, "the token of a session that has ended");
}

async function prolonged(call: Users, client: Client, { refreshToken }: Session) {
  await client.pause(client.random() * READS_MS);
  return await call(users.refreshSession, { refreshToken }).catch(unlessRefused);
}

/** A session is that of who logged in, and everybody can know the key that it was signed with. */
async function checkSession(
  call: Users,
  { email }: { readonly email: string },
  { user, accessToken }: Session,
): Promise<void> {
  const { kid, userId }: { kid: string; userId: string } = JSON.parse(accessToken);
  if (user.email !== email || user.userId !== userId) {
    throw new Error(`${email} has a token of ${userId}, who is ${user.userId}, ${user.email}.`);
  }
  const { keys } = await call(users.tokenKeys, {});
  if (keys.some((key) => key.kid === kid)) return;
  throw new Error(`The token of ${email} is signed with the key ${kid}, which is not published.`);
}

async function checkRefused(call: Users, { refreshToken }: Session, what: string): Promise<void> {
  const given = await call(users.refreshSession, { refreshToken }).catch(unlessRefused);
  if (given !== undefined) throw new Error(`${what} was good for another, of ${given.user.email}.`);
}

/** What must hold of accounts and sessions. */
export const accounts: readonly Invariant[] = [
  {
    name: "each account is welcomed once",
    check: async (_call, rows) => unwelcomed(rows),
  },
  {
    name: "a session has one token that is good",
    check: async (_call, rows) => rows("users", sessionsOfOtherTokens),
  },
];

const sessionsOfOtherTokens = `
  SELECT s.id || ' has ' || count(t.fingerprint) || ' of them' FROM sessions s
  LEFT JOIN refresh_tokens t ON t.session_id = s.id AND t.used_at_ms IS NULL
  GROUP BY s.id HAVING count(t.fingerprint) <> 1`;

/** Accounts and the mails that welcome them, where there is not one for one. */
function unwelcomed(rows: Rows): string[] {
  const known = rows("users", "SELECT id || ' ' || email FROM accounts");
  const welcomes = rows(
    "notifications",
    "SELECT about || ' ' || recipient FROM mails WHERE template = 'welcome'",
  );
  const counts = Map.groupBy(welcomes, (one) => one);
  return [
    ...known
      .filter((one) => counts.get(one)?.length !== 1)
      .map((one) => `${one} was welcomed ${counts.get(one)?.length ?? 0} times`),
    ...welcomes.filter((one) => !known.includes(one)).map((one) => `${one} is no account`),
  ];
}
