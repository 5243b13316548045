import type { Process } from "../process.ts";
import type { World } from "../world.ts";
import { Pipe } from "./pipe.ts";

/** One connection between a process and the broker, as TCP would make it: a pipe each way. */
export class Wire {
  /** Whose it is, for faults and the story: the same for each of a user's connections. */
  readonly name: string;
  readonly process: Process;
  /** To the broker, and from it. */
  readonly up: Pipe;
  readonly down: Pipe;

  constructor(
    world: World,
    about: { readonly process: Process; readonly user: string; readonly count: number },
  ) {
    const { process, user, count } = about;
    this.name = `${process.name} ${user}`;
    this.process = process;
    const seed = world.seed.fork(`wire ${this.name} ${count}`);
    const { name } = this;
    this.up = new Pipe(world, { name: `${name} out`, seed: seed.fork("out"), doubles: true });
    this.down = new Pipe(world, {
      name: `${name} in`,
      seed: seed.fork("in"),
      process,
      doubles: false,
    });
  }

  /** Has nothing pass either way until then. What is sent meanwhile passes later. */
  hold(untilMs: number): void {
    this.up.hold(untilMs);
    this.down.hold(untilMs);
  }
}
