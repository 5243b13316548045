import type { PlantedBug } from "../../../runtime/simulation/plant.ts";

/** Bugs in accounts and sessions. */
export const accountBugs: readonly PlantedBug[] = [
  {
    name: "whoever registers twice is welcomed twice",
    why: "Pressing the button again, or asking again over another gateway, sends another mail.",
    file: "modules/users/handlers/register-user.ts",
    find: "if (addAccount(tx, account)) tx.emit",
    replace: "addAccount(tx, account); tx.emit",
    says: /Welcome to the shop" was sent twice/,
  },
  {
    name: "each caller signs with the key that they made",
    why: "Of two keys that are made at once one is published, and the other signs as well.",
    file: "modules/users/key-ring.ts",
    find: "return intent((tx) => keepIfDue(tx, made));",
    replace: "await intent((tx) => keepIfDue(tx, made)); return made;",
    says: /which is not published/,
  },
  {
    name: "a used token is good for ever",
    why: "Whoever has stolen a token can prolong the session with it.",
    file: "modules/users/domain/sessions.ts",
    find: 'return "stolen";',
    replace: 'return "again";',
    says: /a token that was used long ago was good for another/,
  },
  {
    name: "a stolen token leaves its session open",
    why: "The thief is refused, and whoever was robbed does not notice.",
    file: "modules/users/handlers/refresh-session.ts",
    find: "    endSession(tx, sessionId);\n",
    replace: "",
    says: /the token of a session that has ended was good for another/,
  },
  {
    name: "whoever registers is not welcomed",
    why: "The fact that others act upon is not published.",
    file: "modules/users/handlers/register-user.ts",
    find: "tx.emit(users.userRegistered, { userId: id, email, name });",
    replace: "void name;",
    says: /was welcomed 0 times/,
  },
  {
    name: "a token has no successor",
    why: "Whoever prolongs a session gets a token that nobody knows.",
    file: "modules/users/store.ts",
    find: "  write(tx).insertToken.run({ fingerprint: successor, sessionId });\n",
    replace: "",
    says: /a session has one token that is good: ses_\S+ has 0 of them/,
  },
  {
    name: "any password is right",
    why: "Whoever knows the address is let in.",
    file: "modules/users/handlers/log-in.ts",
    find: "if (!isRight || account === undefined)",
    replace: "if (account === undefined)",
    says: /was let in by a wrong password/,
  },
];
