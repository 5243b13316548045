import { defineModule } from "#runtime";
import { users } from "./contract.ts";
import { createUser } from "./handlers/create-user.ts";
import { logIn } from "./handlers/log-in.ts";
import { logOut } from "./handlers/log-out.ts";
import { refreshSession } from "./handlers/refresh-session.ts";
import { registerUser } from "./handlers/register-user.ts";
import { tokenKeys } from "./handlers/token-keys.ts";
import { userById } from "./handlers/user-by-id.ts";
import initial from "./migrations/0000_initial.sql" with { type: "text" };
import { entropy } from "./ports/entropy.ts";
import { hashing } from "./ports/hashing.ts";
import { signing } from "./ports/signing.ts";
import * as schema from "./schema.ts";

export default defineModule({
  contract: users,
  handlers: { registerUser, createUser, logIn, refreshSession, logOut, userById, tokenKeys },
  schema,
  migrations: [{ name: "0000_initial", sql: initial }],
  ports: [entropy, hashing, signing],
});
