import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { World } from "#runtime";
import { silent } from "../../../runtime/testing/silent-log.ts";
import {
  type VirtualEnvironment,
  virtualEnvironment,
} from "../../../runtime/testing/virtual-environment.ts";
import { openSimulator, type Simulator } from "../simulator/simulator.ts";

interface Options {
  readonly seed?: number;
  readonly development?: boolean;
  /** Takes the warnings of the log. */
  readonly warnings?: unknown[];
}

/** A folder of the payment simulator, which nobody takes webhooks from. */
export class SimulatorFolder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "cleave-simulator-"));
  readonly journal = join(this.path, "intents.jsonl");

  open(options?: Options): Simulator {
    const { world } = this.world(options);
    return openSimulator(world, { secret: "whsec_test", deliver: async () => false });
  }

  /** The World of the simulator, with its clock. */
  world(options: Options = {}): {
    readonly world: World;
    readonly environment: VirtualEnvironment;
  } {
    const { seed, development = true, warnings = [] } = options;
    const environment = virtualEnvironment(seed);
    const warn = (message: string, fields = {}) => void warnings.push({ message, ...fields });
    const world: World = {
      log: { ...silent, warn },
      now: environment.now,
      newId: environment.newId,
      random: environment.random,
      randomBytes: environment.randomBytes,
      after: environment.after,
      guard: () => (work) => work(),
      folder: () => this.path,
      publicUrl: "http://shop.test",
      development,
    };
    return { world, environment };
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true });
  }
}

/** A request to authorise a payment. */
export function authorisation(
  operationId: string,
  { token = "tok_ok", amount = 900 }: { readonly token?: string; readonly amount?: number } = {},
) {
  const metadata = { paymentId: "pay_1", orderId: "ord_1", attempt: 1, operationId };
  return { operationId, amount, currency: "EUR", token, metadata };
}
