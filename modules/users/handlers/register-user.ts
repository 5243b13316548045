import { handler } from "#runtime";
import { users } from "../contract.ts";
import { isTooCommon, normaliseEmail } from "../domain/passwords.ts";
import { hashing } from "../ports/hashing.ts";
import { addAccount } from "../store.ts";

/**
 * It does the same work whether or not the address has an account, so that its time tells nothing.
 */
export const registerUser = handler(
  users.registerUser,
  async ({ email: typed, password, name }, { transaction, port, fail }) => {
    const email = normaliseEmail(typed);
    if (isTooCommon(password, email)) throw fail("PASSWORD_TOO_COMMON", {});
    const passwordHash = await port(hashing).hash(password);
    if (passwordHash === undefined) throw fail("TOO_MANY_ATTEMPTS", { retryAfterSeconds: 1 });

    return transaction((tx) => {
      const id = tx.newId("usr");
      const account = {
        id,
        email,
        name,
        role: "customer",
        passwordHash,
        createdAtMs: tx.now,
      } as const;
      if (addAccount(tx, account)) tx.emit(users.userRegistered, { userId: id, email, name });
      return { accepted: true };
    });
  },
);
