import { users } from "#modules/users";
import { reaction } from "#runtime";
import { welcome } from "../domain.ts";
import { queueMail } from "../queue-mail.ts";

export const onUserRegistered = reaction(users.userRegistered, (tx, { userId, email }) =>
  queueMail(tx, { template: "welcome", about: userId, recipient: email, rendered: welcome() }),
);
