import { Kind, type TSchema } from "@sinclair/typebox";
import { nearest } from "./nearest.ts";

/** What was given for a setting, and in which way. */
export type Given = { readonly text: string; readonly from: string };

/**
 * Reads flags for the settings known: `--port 4000`, `--port=4000`, and `--demo` or `--no-demo` for
 * one that is true or false. A schema's own `flag` is another way to write it. What is not
 * understood is a sentence in `mistakes`.
 */
export function readFlags(args: readonly string[], known: ReadonlyMap<string, TSchema>) {
  const given = new Map<string, Given>();
  const mistakes: string[] = [];
  for (let index = 0; index < args.length; index++) {
    const argument = args[index] ?? "";
    if (!argument.startsWith("--")) {
      mistakes.push(`"${argument}" is not a flag. Settings are written like --port 4000.`);
      continue;
    }
    const { flag, text } = splitFlag(argument);
    const found = settingOf(flag, known);
    if (found === undefined) {
      mistakes.push(unknownFlag(flag, known));
      if (text === undefined && !(args[index + 1] ?? "--").startsWith("--")) index++;
      continue;
    }
    const value = text ?? found.implied ?? args[++index];
    if (value === undefined || (text === undefined && value.startsWith("--"))) {
      mistakes.push(`${flag} needs a value: ${flag} <value>.`);
      index--;
    } else if (given.has(found.name)) {
      mistakes.push(`${flag} is given twice. Give it once.`);
    } else {
      given.set(found.name, { text: value, from: flag });
    }
  }
  return { given, mistakes };
}

function splitFlag(argument: string): { flag: string; text: string | undefined } {
  const equals = argument.indexOf("=");
  if (equals === -1) return { flag: argument, text: undefined };
  return { flag: argument.slice(0, equals), text: argument.slice(equals + 1) };
}

/** The setting a flag stands for; `implied` is the value of a switch such as `--no-demo`. */
function settingOf(flag: string, known: ReadonlyMap<string, TSchema>) {
  const isSwitch = (name: string) => known.get(name)?.[Kind] === "Boolean";
  const name = nameOf(flag);
  if (known.has(name)) return { name, implied: isSwitch(name) ? "true" : undefined };
  for (const [long, schema] of known) {
    if (schema["flag"] === flag) return { name: long, implied: undefined };
  }
  const positive = name.replace(/^NO_/, "");
  if (positive !== name && isSwitch(positive)) return { name: positive, implied: "false" };
  return undefined;
}

function nameOf(flag: string): string {
  return flag.slice(2).replaceAll("-", "_").toUpperCase();
}

/** The flag of a setting: `--data-dir` for DATA_DIR, unless its schema names another. */
export function flagOf(name: string, schema: TSchema): string {
  const own: unknown = schema["flag"];
  return typeof own === "string" ? own : `--${name.toLowerCase().replaceAll("_", "-")}`;
}

function unknownFlag(flag: string, known: ReadonlyMap<string, TSchema>): string {
  const flags = [...known].map(([name, schema]) => flagOf(name, schema));
  const found = nearest(flag, flags);
  return found === undefined
    ? `${flag} is not a known flag; there are none.`
    : `${flag} is not a known flag. The nearest is ${found}.`;
}
