import { prepared } from "./prepared.ts";
import { runSeed } from "./run.ts";
import { sample } from "./sample.ts";

/** The digests of the sample's runs by the first so many seeds. */
export function digestsOf(seeds: number): string[] {
  const images = prepared(sample);
  const faults = {
    kill: 0.02,
    "kill-any": 0.02,
    "message-lost": 0.02,
    "reply-lost": 0.02,
    "broker-restart": 0.02,
  };
  return Array.from(
    { length: seeds },
    (_, seed) => runSeed({ ...sample, faults }, { seed, minutes: 1, images }).digest,
  );
}

if (import.meta.main) console.log(JSON.stringify(digestsOf(Number(process.argv[2]))));
