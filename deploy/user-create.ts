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

/** Typed at a terminal, it is not shown there; otherwise it is the first line of the input. */
async function passwordFromInput(): Promise<string> {
  const password = process.stdin.isTTY ? await typedUnseen("Password: ") : await firstLine();
  if (password === undefined) {
    throw new CommandError("There was no password on standard input. Write it as one line.");
  }
  const { length } = password;
  if (length >= 8 && length <= 128) return password;
  const characters = length === 1 ? "character" : "characters";
  throw new CommandError(`The password has ${length} ${characters}: use 8 to 128.`);
}

async function firstLine(): Promise<string | undefined> {
  for await (const line of console) return line;
  return undefined;
}

/**
 * A line from the terminal; undefined when it was ended without one. Ctrl-C ends the process.
 *
 * Node's readline and streams are loaded here, as every command would pay for them at its start.
 */
async function typedUnseen(prompt: string): Promise<string | undefined> {
  const { createInterface } = await import("node:readline");
  const { Writable } = await import("node:stream");
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const output = new Writable({ write: (_chunk, _encoding, done) => done() });
  const { stdin } = process;
  const keys = createInterface({ input: stdin, output, terminal: true, historySize: 0 });
  keys.once("line", (line) => {
    resolve(line);
    keys.close();
  });
  keys.once("close", () => {
    process.stderr.write("\n");
    resolve(undefined);
  });
  keys.once("SIGINT", () => {
    keys.close();
    process.kill(process.pid, "SIGINT");
  });
  // Asked only now that the terminal shows no keys any more.
  process.stderr.write(prompt);
  return promise;
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
