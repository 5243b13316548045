import { plant } from "../../runtime/simulation/plant.ts";
import { bugs } from "./planted/all.ts";

// Runs seeds of the shop until one fails, and writes what was found as JSON: with a planted bug,
// `hunt.ts planted <name> <first seed> <last seed>`, or without it but under the same faults,
// `hunt.ts clean <name> <first seed> <last seed>`. A process of its own, so that nothing was
// loaded before the bug is planted.

const [how, name, first, last] = Bun.argv.slice(2);
const bug = bugs.find((one) => one.name === name);
if (bug === undefined) throw new Error(`There is no planted bug "${name}".`);
if (how === "planted") plant(bug);

const { huntInShop } = await import("./hunting-ground.ts");
const found = await huntInShop(bug, { first: Number(first), last: Number(last) });
console.log(JSON.stringify(found ?? null));
process.exit();
