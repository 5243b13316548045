import { typedCommand } from "../host/typed-command.ts";
import type { Failure } from "./failure.ts";
import type { Named } from "./kept.ts";

/**
 * A failure as lines: the seed, how it is run again, what did not hold, the faults that it takes,
 * the story, and why it could not be kept. What is not named is run again by whoever called
 * `simulate`.
 */
export function told(failure: Failure, named?: Named): string[] {
  const { seed, violations, faults, story, isExplained, unkept } = failure;
  const first = [
    named === undefined ? inTest(failure) : byCommand(failure, named),
    ...violations.map((one) => `  ${one}`),
  ];
  if (!isExplained) return first;
  const least = [takes(faults.length), ...faults.map((one) => `  ${one}`)];
  const last = unkept === undefined ? [] : [`Seed ${seed} could not be kept. ${unkept}`];
  return [...first, ...least, ...story, ...last];
}

function takes(faults: number): string {
  if (faults === 0) return "It takes no fault.";
  return faults === 1 ? "It takes one fault:" : `It takes ${faults} faults:`;
}

/** The run that is told, to which its times and ids belong: that with the least faults. */
function inTest({ seed, minutes, faults, isExplained }: Failure): string {
  const run = { seeds: [seed], minutes, ...(isExplained ? { only: faults } : {}) };
  return `Seed ${seed} is run again by simulate({ ...the same, ...${JSON.stringify(run)} })`;
}

function byCommand(failure: Failure, named: Named): string {
  const { seed } = failure;
  return `Seed ${seed} of commit ${named.commit ?? "(git knows none)"}: ${again(failure, named)}`;
}

function again(failure: Failure, { workload, topology }: Named): string {
  const { seed, minutes, faults, isExplained } = failure;
  const words = `--seed ${seed} --minutes ${minutes} --topology ${topology}`;
  const command = typedCommand(`run cleave simulate ${words} --workload ${workload}`);
  if (!isExplained) return command;
  const only = faults.length === 0 ? ["none"] : faults.map((one) => `'${one}'`);
  return [command, ...only.map((one) => `--only ${one}`)].join(" ");
}
