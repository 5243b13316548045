// The load, in a process of its own: reads a Load from standard input, writes what came of it.
import { fire } from "./fire.ts";

process.stdout.write(JSON.stringify(await fire(await Bun.stdin.json())));
