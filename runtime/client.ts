// What a typed client of modules' routes is made with, as "#runtime/client". It loads no server.

export { type ClientHeaders, moduleClient } from "./gateway/client.ts";
