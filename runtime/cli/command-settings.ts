import type { Static, TObject } from "@sinclair/typebox";
import type { Environment } from "../contract/environment.ts";
import { readSettings } from "../host/settings.ts";
import { type JsonLog, jsonLog } from "../telemetry/json-log.ts";
import { CommandError } from "./cli.ts";

/**
 * Reads a command's settings from its flags; where the data and the broker are, from the
 * environment too. Throws a CommandError with every mistake.
 */
export function settingsOf<Schema extends TObject>(
  schema: Schema,
  args: readonly string[],
): Static<Schema> {
  const { DATA_DIR, NATS_URL } = process.env;
  const sources = { environment: { DATA_DIR, NATS_URL }, arguments: args };
  const read = readSettings({ command: schema }, sources);
  if ("mistakes" in read) throw new CommandError(read.mistakes.join("\n"));
  return read.values.command;
}

/** A log for a command that prints its own words: errors alone, on standard error. */
export function errorLog(environment: Environment): JsonLog {
  return jsonLog({
    level: "error",
    sink: (lines) => void process.stderr.write(lines),
    now: environment.now,
  });
}
