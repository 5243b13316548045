// A process of its own that owns a module's data until it is killed: `bun lock-holder.ts path module`.

import { ownerLock } from "../store/owner-lock.ts";

const [, , path = "", module = ""] = process.argv;
ownerLock(path, module);
console.log("owned");
setInterval(() => {}, 60_000);
