// What a module's http.ts may import, as "#runtime/http". Apart from "#runtime", so that an
// instance without a gateway never loads Elysia.

export { Elysia, t as httpSchema } from "elysia";
export type { Edge } from "./gateway/edge.ts";
export { problem } from "./gateway/http-problem.ts";
