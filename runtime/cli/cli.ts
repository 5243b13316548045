import type { Environment } from "../contract/environment.ts";
import { watchLauncher } from "../host/launcher.ts";
import { realEnvironment } from "../host/real-environment.ts";
import { hostSettings, readSettings } from "../host/settings.ts";
import { start } from "../host/start.ts";
import { StartError } from "../host/start-error.ts";
import type { System } from "../host/system.ts";
import { type AnyPort, refusals } from "../module/port.ts";
import { StoreError } from "../store/store-error.ts";
import { jsonLog } from "../telemetry/json-log.ts";

/** A command of the command line: what it does, how it is written, and its function. */
export interface Command {
  /** Its words, as in `user create`. */
  readonly name: string;
  /** One line of help. */
  readonly help: string;
  /** Runs with what followed the name; resolves with the exit code. */
  readonly run: (args: readonly string[]) => Promise<number>;
}

/** A sentence for whoever runs the command; the exit code is 1. */
export class CommandError extends Error {
  override readonly name = "CommandError";
}

/**
 * Runs the command that the arguments name, and returns its exit code.
 *
 * What the user can mend is printed as a sentence; a defect is printed whole.
 */
export async function runCommand(
  commands: readonly Command[],
  args: readonly string[],
): Promise<number> {
  const command = commands.find(({ name }) => `${args.join(" ")} `.startsWith(`${name} `));
  if (command === undefined) {
    const asked = args.length === 0 || ["help", "--help", "-h"].includes(args[0] ?? "");
    if (!asked) console.error(`There is no command "${args.join(" ")}".`);
    console.error(["Commands:", ...commands.map((one) => `  ${one.help}`)].join("\n"));
    return asked ? 0 : 1;
  }
  try {
    return await command.run(args.slice(command.name.split(" ").length));
  } catch (error) {
    console.error(isForUser(error) ? error.message : error);
    return 1;
  }
}

/** `start`: runs the whole system in this process until it is told to stop. */
export function startCommand(system: System): Command {
  return {
    name: "start",
    help: "start [--port 3000] [--host 127.0.0.1] [--data-dir ./data] [--no-demo]   run the shop",
    run: (args) => runUntilStopped(system, args),
  };
}

async function runUntilStopped(system: System, args: readonly string[]): Promise<number> {
  const ports = await portsOf(system);
  const schemas = Object.fromEntries(ports.map((port) => [port.name, port.settings]));
  const read = readSettings(
    { ...schemas, host: hostSettings },
    { environment: process.env, arguments: args },
  );
  if ("mistakes" in read) throw new CommandError(read.mistakes.join("\n"));
  const { host, ...values } = read.values;
  const development = host.NODE_ENV !== "production";
  const portSettings = new Map(Object.entries(values));
  const refused = refusals(ports, portSettings, { development });
  if (refused.length > 0) throw new CommandError(refused.join("\n"));
  const environment = realEnvironment(development ? failpoints() : {});
  const log = jsonLog({
    level: host.LOG_LEVEL,
    sink: (lines) => void process.stderr.write(lines),
    now: environment.now,
    defer: environment.defer,
  });
  const stopAsked = signalled(environment);
  const settings = {
    host: host.HOST,
    port: host.PORT,
    folder: host.DATA_DIR,
    publicUrl: host.PUBLIC_URL,
    development,
    demo: host.DEMO,
    ports: portSettings,
  };
  const running = await start(system, settings, { environment, log });
  console.log(`Cleave is ready at ${running.url}`);
  await stopAsked;
  await running.stop();
  log.flush();
  return 0;
}

async function portsOf(system: System): Promise<AnyPort[]> {
  const modules = await Promise.all(system.modules.map((entry) => entry.module()));
  return modules.flatMap((module) => [...module.default.ports]);
}

/** Where a test wants the process to crash; not read in production. */
function failpoints() {
  const { CLEAVE_FAILPOINT: crashAt, CLEAVE_FAILPOINT_TRACE: traceTo } = process.env;
  return { crashAt, traceTo };
}

/** Resolves at the first request to stop; the second one ends the process at once. */
function signalled(environment: Environment): Promise<void> {
  return new Promise((resolve) => {
    let asked = false;
    const stop = () => {
      if (asked) process.exit(1);
      asked = true;
      resolve();
    };
    process.on("SIGTERM", stop);
    process.on("SIGINT", stop);
    watchLauncher(environment, resolve);
  });
}

function isForUser(error: unknown): error is Error {
  return (
    error instanceof CommandError || error instanceof StartError || error instanceof StoreError
  );
}
