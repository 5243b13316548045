import { handler } from "#runtime";
import { users } from "../contract.ts";
import { isTooCommon, normaliseEmail } from "../domain/passwords.ts";
import { hashing } from "../ports/hashing.ts";
import { accountByEmail, addAccount } from "../store.ts";

export const createUser = handler(
  users.createUser,
  async ({ email: typed, password, name, role }, { transaction, port, fail }) => {
    const email = normaliseEmail(typed);
    if (isTooCommon(password, email)) throw fail("PASSWORD_TOO_COMMON", {});
    const passwordHash = await port(hashing).hash(password);
    if (passwordHash === undefined) throw fail("TOO_MANY_ATTEMPTS", { retryAfterSeconds: 1 });

    return transaction((tx) => {
      if (accountByEmail(tx, email) !== undefined) throw fail("EMAIL_TAKEN", { email });
      const userId = tx.newId("usr");
      addAccount(tx, { id: userId, email, name, role, passwordHash, createdAtMs: tx.now });
      return { userId, email, name, role };
    });
  },
);
