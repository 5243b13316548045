import type { PlantedBug } from "../../../runtime/simulation/plant.ts";
import { declarationBugs } from "../../../runtime/simulation/planted/declarations.ts";
import { eventBugs } from "../../../runtime/simulation/planted/events.ts";
import { sagaBugs } from "../../../runtime/simulation/planted/sagas.ts";
import { writeBugs } from "../../../runtime/simulation/planted/writes.ts";
import { accountBugs } from "./account-bugs.ts";
import { shopBugs } from "./bugs.ts";
import { parcelBugs } from "./parcel-bugs.ts";

/** Every bug that is planted to see whether the simulation finds it. */
export const bugs: readonly PlantedBug[] = [
  ...eventBugs,
  ...sagaBugs,
  ...writeBugs,
  ...declarationBugs,
  ...shopBugs,
  ...accountBugs,
  ...parcelBugs,
];
