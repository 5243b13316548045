import { mkdirSync } from "node:fs";
import { timeLeft } from "../contract/time.ts";
import { silent } from "../testing/silent-log.ts";
import type { Actor } from "./agenda.ts";
import { caller } from "./clients.ts";
import { Process } from "./process.ts";
import type { Outside } from "./scenario.ts";
import type { SimulatedSystem } from "./simulated-system.ts";
import type { World } from "./world.ts";

const WAY_MS = [1, 40] as const;
/** How late what is late is done at most, as a multiple of the time after which it is given up. */
const LATE_TIMES = 5;

/** The world beyond the system, as what stands behind ports sees it. */
export function outsideOf(
  world: World,
  about: { readonly system: SimulatedSystem; readonly folder: string },
): Outside {
  const seed = world.seed.fork("outside");
  const { environment } = new Process(world, "outside", seed);
  const later = (work: () => void, what: string, process?: Actor) =>
    world.after(seed.between(...WAY_MS), work, { what, process });
  return {
    world: {
      log: silent,
      now: environment.now,
      newId: environment.newId,
      random: environment.random,
      randomBytes: environment.randomBytes,
      after: (delayMs, work) =>
        environment.after(timeLeft(delayMs, "The delay given outside"), work),
      folder() {
        const folder = `${about.folder}/outside`;
        mkdirSync(folder, { recursive: true });
        return folder;
      },
      guard: () => (work) => work(),
      publicUrl: "http://shop.test",
      development: true,
    },
    call: caller(about.system, { world, name: "outside", once: true }),
    happens: (fault, where) => world.faults.happens(fault, where),
    spend: (process, ms) =>
      new Promise((resolve) => void world.after(ms, resolve, { what: "work", process })),
    serve: (process, work, { what, lostMs, lost }) =>
      new Promise((resolve, reject) => {
        // Its promises may go on when it is gone; nothing of that leaves it.
        if (process.isGone) return;
        const getsLost = () => world.after(lostMs, () => reject(lost()), { what: "lost", process });
        if (world.faults.happens("outside-lost", what)) return getsLost();
        const answer = (tell: () => void) => {
          if (world.faults.happens("outside-unanswered", what)) getsLost();
          else later(tell, what, process);
        };
        const done = () => Promise.resolve().then(work);
        if (world.faults.happens("outside-late", what)) {
          const lateMs = world.faults.amount(lostMs, LATE_TIMES * lostMs);
          world.after(lateMs, () => void done().catch(() => {}), { what });
          return getsLost();
        }
        const arrive = () =>
          void done().then(
            (value) => answer(() => resolve(value)),
            (error) => answer(() => reject(error)),
          );
        later(arrive, what);
      }),
  };
}
