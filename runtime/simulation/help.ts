/** How `cleave simulate` is written. */
export const written = [
  "simulate [--seeds 100 | --seed 7] [--from 1 | --from commit] [--minutes 10] [--jobs 1]",
  "[--topology all] [--workload buying] [--only fault | --only none] [--story ord_…]",
  "[--until 03:07] [--break-at text]",
];

/** What may be given, and what it does. */
const flags = {
  "--seeds 100": "how many seeds are run",
  "--seed 7": "runs this one alone, and tells of it what the last four below ask for",
  "--from 1": "the first of the seeds; `commit` has git's commit draw it",
  "--minutes 10": "for how many virtual minutes faults happen",
  "--jobs 1": "how many processes share the seeds",
  "--topology all": "which modules live together; of all, each run begins with one and changes",
  "--workload buying": "what clients do",
  "--only 'pause core #1'":
    "a fault that may happen, all others not; may be repeated, none is none",
  "--story ord_…": "tells all that happened to this id, or client-3 what it asked and heard",
  "--until 03:07": "ends it at this virtual time, and shows the last steps",
  "--break-at text": "has a debugger stop at each step that has this text",
};

/** All that may be given, as `--help` shows it. */
export function helpOf(known: {
  readonly workloads: readonly string[];
  readonly topologies: readonly string[];
}): string {
  const width = Math.max(...Object.keys(flags).map((flag) => flag.length));
  return [
    ...written.map((line, index) => `  ${index === 0 ? "" : "  "}${line}`),
    "    break all of it under a virtual clock",
    ...Object.entries(flags).map(([flag, does]) => `  ${flag.padEnd(width)}  ${does}`),
    `  Workloads are ${known.workloads.join(", ")}.`,
    `  Topologies are all, ${known.topologies.join(", ")}, or a file such as ./mine.ts.`,
  ].join("\n");
}
