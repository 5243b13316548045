import { Kind, type TSchema } from "@sinclair/typebox";

/** What was given for a setting, and in which way. */
export type Given = { readonly text: string; readonly from: string };

/**
 * Reads flags for the settings known: `--port 4000`, `--port=4000`, and `--demo` or `--no-demo` for
 * one that is true or false. What is not understood is a sentence in `mistakes`.
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
      mistakes.push(unknownFlag(flag, [...known.keys()]));
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
  const positive = name.replace(/^NO_/, "");
  if (positive !== name && isSwitch(positive)) return { name: positive, implied: "false" };
  return undefined;
}

function nameOf(flag: string): string {
  return flag.slice(2).replaceAll("-", "_").toUpperCase();
}

/** The flag of a setting: `--data-dir` for DATA_DIR. */
export function flagOf(name: string): string {
  return `--${name.toLowerCase().replaceAll("_", "-")}`;
}

function unknownFlag(flag: string, names: readonly string[]): string {
  const flags = names.map(flagOf);
  const [nearest] = flags.sort((one, other) => distance(flag, one) - distance(flag, other));
  return nearest === undefined
    ? `${flag} is not a known flag; there are none.`
    : `${flag} is not a known flag. The nearest is ${nearest}.`;
}

/** How many letters must be added, removed or changed to make one text of the other. */
function distance(one: string, other: string): number {
  let previous = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let row = 1; row <= one.length; row++) {
    const current = [row];
    for (let column = 1; column <= other.length; column++) {
      const change = one[row - 1] === other[column - 1] ? 0 : 1;
      const replaced = (previous[column - 1] ?? 0) + change;
      const removed = (previous[column] ?? 0) + 1;
      current.push(Math.min(replaced, removed, (current[column - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[other.length] ?? 0;
}
