import { users } from "#modules/users";
import { emailAddress, isDeclared, line } from "#runtime";
import { ask } from "../runtime/cli/ask.ts";
import { type Command, CommandError } from "../runtime/cli/cli.ts";
import { readSettings } from "../runtime/host/settings.ts";
import type { System } from "../runtime/host/system.ts";
import { t } from "../runtime/index.ts";

const settings = t.Object({
  EMAIL: emailAddress({ minLength: 3, maxLength: 320 }),
  ROLE: t.Union([t.Literal("customer"), t.Literal("staff"), t.Literal("admin")], {
    default: "customer",
  }),
  NAME: line({ default: "", maxLength: 120 }),
  DATA_DIR: t.String({ minLength: 1, default: "./data" }),
});

/** `user create`: makes an account with a role, whether the shop runs or not. */
export function userCreateCommand(system: System): Command {
  return {
    name: "user create",
    help: "user create --email … --role admin   make an account; its password by standard input",
    async run(args) {
      const { DATA_DIR } = process.env;
      const read = readSettings({ user: settings }, { environment: { DATA_DIR }, arguments: args });
      if ("mistakes" in read) throw new CommandError(read.mistakes.join("\n"));
      const { EMAIL: email, ROLE: role, NAME: name, DATA_DIR: folder } = read.values.user;
      const password = await passwordFromInput();
      const input = { email, role, name, password };
      try {
        await ask(system, folder, { procedure: users.createUser, input });
      } catch (error) {
        throw asSentence(error, email);
      }
      console.log(`${email} is now ${role === "admin" ? "an" : "a"} ${role}.`);
      return 0;
    },
  };
}

async function passwordFromInput(): Promise<string> {
  if (process.stdin.isTTY) process.stderr.write("Password: ");
  for await (const line of console) {
    if (line.length >= 8 && line.length <= 128) return line;
    throw new CommandError(`The password has ${line.length} characters: use 8 to 128.`);
  }
  throw new CommandError("There was no password on standard input. Write it as one line.");
}

function asSentence(error: unknown, email: string): unknown {
  if (isDeclared(error, users.createUser, "EMAIL_TAKEN")) {
    return new CommandError(`${email} has an account already. Use another address.`);
  }
  if (isDeclared(error, users.createUser, "PASSWORD_TOO_COMMON")) {
    return new CommandError("That password is among the first to be guessed. Choose another.");
  }
  return error;
}
