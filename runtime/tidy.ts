// The house style, executed: each rule returns sentences that name the place and the remedy.

import type { Source } from "./sources.ts";
import { isTestFile } from "./sources.ts";
import { syntaxFaults } from "./tidy-syntax.ts";

/** The longest line of source or prose about it, in columns. */
const columnsMax = 100;
const linesMax = 400;
const testLinesMax = 600;
const readmeLinesMax = 40;
const decisionLinesMax = 60;

/** Every fault of one TypeScript file. */
export function sourceFaults(source: Source): string[] {
  return [...lengthFaults(source), ...commentFaults(source), ...syntaxFaults(source)];
}

function lengthFaults({ path, text }: Source): string[] {
  const lines = text.trimEnd().split("\n");
  const max = isTestFile(path) ? testLinesMax : linesMax;
  const faults = columnFaults(path, text);
  if (lines.length > max) {
    faults.push(
      `${path} has ${lines.length} lines, at most ${max}. Split it by idea, not by line.`,
    );
  }
  return faults;
}

/** The rows of a Markdown table cannot be broken, so they may be longer. */
function columnFaults(path: string, text: string): string[] {
  return text.split("\n").flatMap((line, index) => {
    const isRow = path.endsWith(".md") && line.startsWith("|");
    if (isRow || line.length <= columnsMax) return [];
    const place = `${path}:${index + 1}`;
    return [`${place} has ${line.length} columns, at most ${columnsMax}. Break the line.`];
  });
}

const bannedInComments: readonly (readonly [word: RegExp, why: string])[] = [
  [/\b(TODO|FIXME|XXX|HACK)\b/, "do it now, or file an issue and leave no mark here"],
  [/@ts-(ignore|nocheck)\b/, "mend the type, so that the compiler agrees"],
  [/\bbiome-ignore\b/, "mend the code, or settle the rule for all in biome.json"],
];

function commentFaults({ path, text, comments }: Source): string[] {
  return comments.flatMap(({ value, start }) =>
    bannedInComments.flatMap(([word, why]) => {
      const found = value.match(word)?.[0];
      return found === undefined ? [] : [`${path}:${lineAt(text, start)} says ${found}: ${why}.`];
    }),
  );
}

function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}

/** Every fault of one Markdown file. */
export function markdownFaults(path: string, text: string): string[] {
  const faults: string[] = [];
  const prose = text.replace(/^(```|~~~)[\s\S]*?^\1/gm, "");
  const titles = prose.split("\n").filter((line) => /^# \S/.test(line)).length;
  if (titles !== 1) faults.push(`${path} has ${titles} titles. Give it exactly one line "# …".`);

  if (path === "README.md") faults.push(...columnFaults(path, text));
  const lines = text.trimEnd().split("\n").length;
  const isDecision = path.startsWith("runtime/decisions/");
  if (isDecision && lines > decisionLinesMax) {
    faults.push(
      `${path} has ${lines} lines, at most ${decisionLinesMax}. Record the reason, not the story.`,
    );
  }
  if (/^modules\/[^/]+\/README\.md$/.test(path) && lines > readmeLinesMax) {
    faults.push(
      `${path} has ${lines} lines, at most ${readmeLinesMax}. Purpose, words and invariants; the ` +
        "API is contract.ts.",
    );
  }
  return faults;
}

/** Paths of somebody's machine in any text file. */
export function machineFaults(path: string, text: string): string[] {
  return text.split("\n").flatMap((line, index) => {
    const found = line.match(/(?<![\w.\-:])\/(?:home|root|work|Users)\/\w+/)?.[0];
    if (found === undefined) return [];
    return [`${path}:${index + 1} names ${found}, a path of one machine. Make it relative.`];
  });
}

/** A file's name says what it exports: kebab-case, and no word that means nothing. */
export function nameFaults(path: string): string[] {
  const name = path.split("/").at(-1) ?? "";
  const faults: string[] = [];
  const empty = name.match(/\b(utils?|helpers?|manager|impl|misc|common)\b/)?.[0];
  if (empty !== undefined) {
    faults.push(`${path} is called "${empty}", which says nothing. Name the one thing it exports.`);
  }
  if (/\.tsx?$/.test(name) && !/^[a-z0-9]+([-.][a-z0-9]+)*$/.test(name)) {
    faults.push(`${path} is not in kebab-case. Rename it.`);
  }
  return faults;
}
