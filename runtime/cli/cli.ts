import { DATA_REFUSED, isSupervised, OWNED_ELSEWHERE } from "../host/child-protocol.ts";
import { StartError } from "../host/start-error.ts";
import { fileFailure } from "../store/file-failure.ts";
import { OwnedError, StoreError } from "../store/store-error.ts";
import { OwnershipConflict } from "../transport/ownership-conflict.ts";

/** A command of the command line: what it does, how it is written, and its function. */
export interface Command {
  /** Its words, as in `user create`. */
  readonly name: string;
  /** One line of help. */
  readonly help: string;
  /** Whether it is run with `--help` too, and then tells more than that line. */
  readonly helpsItself?: true;
  /** Runs with what followed the name; resolves with the exit code. */
  readonly run: (args: readonly string[]) => Promise<number>;
}

/** A sentence for whoever runs the command; the exit code is as for any error. */
export class CommandError extends Error {
  override readonly name = "CommandError";
}

/**
 * Runs the command that the arguments name, and returns its exit code.
 *
 * An error that the user can mend is printed as a sentence; a defect is printed whole. Its code is
 * 1, and `OWNED_ELSEWHERE` where another process owns what was to be started. A supervised
 * process whose data are refused ends with `DATA_REFUSED`.
 */
export async function runCommand(
  commands: readonly Command[],
  args: readonly string[],
): Promise<number> {
  const command = commands.find(({ name }) => `${args.join(" ")} `.startsWith(`${name} `));
  if (command === undefined) {
    const words = args.filter((word) => !isHelp(word)).join(" ");
    const asked = args.length === 0 || args[0] === "help" || args.some(isHelp);
    const among = commands.filter(({ name }) => words !== "" && name.startsWith(`${words} `));
    const shown = among.length > 0 ? among : commands;
    if (!asked) console.error(`There is no command "${args.join(" ")}".`);
    console.error(["Commands:", ...shown.map((one) => `  ${one.help}`)].join("\n"));
    return asked ? 0 : 1;
  }
  const rest = args.slice(command.name.split(" ").length);
  if (rest.some(isHelp) && command.helpsItself !== true) {
    console.error(`  ${command.help}`);
    return 0;
  }
  try {
    return await command.run(rest);
  } catch (error) {
    // A file that cannot be used is no defect either, whoever wanted to use it.
    console.error(isForUser(error) ? error.message : (fileFailure(error) ?? error));
    if (isForUser(error) && error.cause instanceof OwnershipConflict) return OWNED_ELSEWHERE;
    return isSupervised() && isDataRefused(error) ? DATA_REFUSED : 1;
  }
}

function isHelp(word: string | undefined): boolean {
  return word === "--help" || word === "-h";
}

/** Errors that a file gives until somebody changes it, its rights or its mount. */
const lastingCodes =
  /^(?:EISDIR|EACCES|EPERM|EROFS|SQLITE_(?:NOTADB|CORRUPT|ERROR|CONSTRAINT|MISMATCH)(?:_\w+)?)$/;

/**
 * Reports whether another attempt would be refused as well: the data are damaged, of another
 * version or not for this user. What is in use, a disk that fails or a lack of open files, of
 * memory or of room may pass.
 */
function isDataRefused(error: unknown): boolean {
  if (!(error instanceof StoreError) || error instanceof OwnedError) return false;
  const { cause, systemCode } = error;
  const code = systemCode ?? (cause instanceof Error && "code" in cause ? cause.code : undefined);
  return code === undefined || lastingCodes.test(String(code));
}

function isForUser(error: unknown): error is Error {
  return (
    error instanceof CommandError || error instanceof StartError || error instanceof StoreError
  );
}
