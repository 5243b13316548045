import { handler, isStaff } from "#runtime";
import { users } from "../contract.ts";
import { userById as findUser } from "../store.ts";

export const userById = handler(users.userById, ({ userId }, { read, identity, fail }) => {
  const isOwn = identity.kind === "user" && identity.userId === userId;
  const user = isOwn || isStaff(identity) ? findUser(read, userId) : undefined;
  if (user === undefined) throw fail("USER_NOT_FOUND", { userId });
  return user;
});
