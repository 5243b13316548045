import { readFileSync, writeFileSync } from "node:fs";
import { type Command, CommandError } from "../runtime/cli/cli.ts";
import { moduleName, proceduresOf } from "../runtime/contract/contract.ts";
import { insidesOf, moduleNamesOf, type System } from "../runtime/host/system.ts";
import type { Module } from "../runtime/module/define-module.ts";

const readme = new URL("../README.md", import.meta.url);
/** The one block of README.md that is drawn and not written. */
const block = /(?<=```mermaid\n)[\s\S]*?(?=```)/;

/** `picture`: draws who calls whom and who hears of whom, from the manifest alone. */
export function pictureCommand(system: System): Command {
  return {
    name: "picture",
    help: "picture [--write]   draw the modules as a mermaid graph; --write puts it into README.md",
    async run(args) {
      const unknown = args.find((argument) => argument !== "--write");
      if (unknown !== undefined) {
        throw new CommandError(`picture knows --write only, not "${unknown}".`);
      }
      const modules = await insidesOf(system, moduleNamesOf(system));
      const drawn = picture(modules);
      if (args.length === 0) console.log(drawn.trimEnd());
      else
        writeFileSync(
          readme,
          readFileSync(readme, "utf8").replace(block, () => drawn),
        );
      return 0;
    },
  };
}

/** A module a line, then calls as solid arrows and events as dotted ones. */
function picture(modules: readonly Module[]): string {
  const boxes = modules.map(({ contract }) => {
    const name = contract[moduleName];
    return `${name}["${name}<br/>${counted(proceduresOf(contract).length, "procedure")}"]`;
  });
  const calls = modules.flatMap(({ contract, uses }) => {
    const called = [...new Set(uses.map((used) => used.module))].sort();
    return called.length === 0 ? [] : [`${contract[moduleName]} --> ${called.join(" & ")}`];
  });
  const lines = ["graph LR", ...boxes, ...calls, ...heard(modules)];
  return `${lines.join("\n  ")}\n`;
}

/** From who tells to who reacts, with the number of events. */
function heard(modules: readonly Module[]): string[] {
  const arrows = new Map<string, number>();
  for (const { contract, reactions } of modules) {
    for (const { event } of reactions) {
      const ends = `${event.module} ${contract[moduleName]}`;
      arrows.set(ends, (arrows.get(ends) ?? 0) + 1);
    }
  }
  return [...arrows].sort().map(([ends, count]) => {
    const [from, to] = ends.split(" ");
    return `${from} -. ${counted(count, "event")} .-> ${to}`;
  });
}

function counted(count: number, what: string): string {
  return count === 1 ? `1 ${what}` : `${count} ${what}s`;
}
