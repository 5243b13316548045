import type { Call } from "../contract/call.ts";
import { type Contract, fullName, type Procedure } from "../contract/contract.ts";
import { isDomainError, isTransportError } from "../contract/errors.ts";
import type { Scenario } from "./scenario.ts";
import type { Seeded } from "./seeded.ts";
import type { SimulatedSystem } from "./simulated-system.ts";
import type { World } from "./world.ts";

const CALL_MS = 10_000;
const AGAIN_MS = [200, 3_000] as const;
/** After so long without an answer a client gives up, which no fault justifies. */
const PATIENCE_MS = 20 * 60_000;

/** Who calls. */
interface By {
  readonly world: World;
  readonly name: string;
  readonly once?: boolean;
  /** Has what it asks and hears told in the story. */
  readonly isTold?: boolean;
}

/** Makes calls over a gateway: once, or until it is known what came of them. */
export function caller(system: SimulatedSystem, by: By): Call<Contract> {
  const { world, name, once = false } = by;
  const seed = world.seed.fork(`calls of ${name}`);
  let calls = 0;
  const call = async (
    procedure: Procedure,
    input: unknown,
    options: { readonly key?: string } = {},
  ) => {
    calls += 1;
    const { key = `${name}-${calls}` } = options;
    const traceId = traceOf(seed);
    const asked = { procedure, input, key, traceId, deadlineMs: CALL_MS };
    const tell = teller(by, `${fullName(procedure)} in trace ${traceId.slice(0, 8)}`);
    const insist = async () => {
      const giveUpAtMs = world.nowMs + PATIENCE_MS;
      for (;;) {
        tell("asks", input);
        try {
          const answer = await system.call(asked);
          tell("is answered", answer);
          return answer;
        } catch (error) {
          tell(heardWith(error), error instanceof Error ? error.message : error);
          if (once || !isTransportError(error) || world.nowMs > giveUpAtMs) throw error;
          await world.pause(seed.between(...AGAIN_MS), "try again");
        }
      }
    };
    const answer = await insist();
    if (!once && procedure.kind === "command" && world.faults.happens("asked-again", name)) {
      sameAgain(procedure, answer, await insist());
    }
    return answer;
  };
  return call as never;
}

/** What a client has heard, in the words of a story: a refusal is an answer, unlike silence. */
function heardWith(error: unknown): string {
  if (isDomainError(error)) return "is refused";
  return isTransportError(error) ? "is not answered" : "fails at";
}

/** Tells what becomes of a call, without a word to the digest: a run goes on as it does untold. */
function teller({ world, name, isTold = false }: By, call: string) {
  return (what: string, detail: unknown) => {
    if (!isTold || !world.trace.keeps) return;
    world.tell(name, `${what} ${call}`, JSON.stringify(detail) ?? "");
  };
}

/** A command that is repeated with its key has no other answer than before. */
function sameAgain(procedure: Procedure, first: unknown, again: unknown): void {
  if (Bun.deepEquals(first, again) || Bun.deepEquals(sent(first), sent(again))) return;
  const answers = [first, again].map((one) => JSON.stringify(one)).join(" and then ");
  throw new Error(`${fullName(procedure)} answered the same key with ${answers}.`);
}

/** An answer as its way over a broker leaves it: of -0 there remains 0. */
function sent(answer: unknown): unknown {
  return JSON.parse(JSON.stringify(answer) ?? "null");
}

/** The clients of a workload: who is still busy, and who has failed with what. */
export class Clients {
  readonly failures: string[] = [];
  /** What they have noted for the invariants. */
  readonly notes: string[] = [];
  /** Those that have not come to an end. */
  readonly busy = new Set<string>();
  readonly #world: World;

  /** Has every client come at a time of its own, before `untilMs`. */
  constructor(
    { workload }: Pick<Scenario, "workload">,
    about: {
      readonly world: World;
      readonly system: SimulatedSystem;
      readonly untilMs: number;
    },
  ) {
    const { world, system, untilMs } = about;
    this.#world = world;
    const times = world.seed.fork("times of clients");
    for (let number = 0; number < workload.clients; number++) {
      const name = `client-${number + 1}`;
      const seed = world.seed.fork(name);
      const client = {
        number,
        call: caller(system, { world, name, isTold: true }),
        random: () => seed.next(),
        pause: (ms: number) => world.pause(ms, name),
        note: (text: string) => {
          this.notes.push(text);
          world.note(name, "notes", text);
        },
      };
      this.busy.add(name);
      const begin = () => void this.#run(name, () => workload.client(client));
      world.after(times.between(0, untilMs), begin, { what: name });
    }
  }

  async #run(name: string, work: () => Promise<void>): Promise<void> {
    this.#world.tell(name, "comes", "");
    try {
      await work();
      this.#world.tell(name, "is done", "");
    } catch (error) {
      this.failures.push(`${name} failed: ${this.#world.defects.textOf(error)}`);
    } finally {
      this.busy.delete(name);
    }
  }
}

function traceOf(seed: Seeded): string {
  let text = "";
  for (let part = 0; part < 4; part++) {
    text += seed
      .below(2 ** 32)
      .toString(16)
      .padStart(8, "0");
  }
  return text;
}
