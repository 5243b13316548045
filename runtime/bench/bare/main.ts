// A bare Elysia that answers with bytes it was given: what HTTP itself costs here.
import { Elysia } from "elysia";

const file = process.argv[2];
const answers: Record<string, string> = file === undefined ? {} : await Bun.file(file).json();

const json = { "content-type": "application/json" };

/** The answer to a path with its query, as in `/v1/products?q=tea`. */
function answerTo(request: Request): Response {
  const { url } = request;
  return new Response(answers[url.slice(url.indexOf("/", 8))] ?? null, { headers: json });
}

const app = new Elysia()
  .get("/v1/products", ({ request }) => answerTo(request))
  .get("/v1/products/:slug", ({ request }) => answerTo(request))
  .listen({ hostname: "127.0.0.1", port: 0 });

process.once("SIGTERM", () => process.exit(0));
console.log(`http://127.0.0.1:${app.server?.port}`);
