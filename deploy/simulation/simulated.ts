import { fileURLToPath } from "node:url";
import type { Simulated } from "../../runtime/cli/simulate-command.ts";
import { books, buying } from "./shop.ts";
import { beyondTheShop } from "./world.ts";

/** What can be simulated of the shop. */
export const simulated: Simulated = {
  workloads: { buying },
  invariants: books,
  outside: beyondTheShop,
  kept: fileURLToPath(new URL("kept-seeds.json", import.meta.url)),
};
