import { handler } from "#runtime";
import { users } from "../contract.ts";
import { fingerprint } from "../domain/refresh-tokens.ts";
import { endSession, tokenOf } from "../store.ts";

export const logOut = handler(users.logOut, ({ refreshToken }, { transaction }) =>
  transaction((tx) => {
    const found = tokenOf(tx, fingerprint(refreshToken));
    if (found !== undefined) endSession(tx, found.sessionId);
    return { ended: true };
  }),
);
