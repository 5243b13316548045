import { expect, test } from "bun:test";
import { t } from "../contract/schema.ts";
import { type Edge, Elysia, problem } from "../http.ts";
import { gatewayOf } from "../testing/gateway-of.ts";

const passed: string[] = [];
/** A hook of a module that notes that it was reached, and refuses where the request says so. */
const hook =
  (stage: string) =>
  ({ request }: { readonly request: Request }) => {
    passed.push(stage);
    if (request.headers.get("x-refuse") === stage) throw problem(410, `own_${stage}`, "No.");
  };

const one = { id: t.Integer(), name: t.Optional(t.String()) };
const routes = (edge: Edge) =>
  new Elysia({ name: "teas" })
    .onTransform(hook("transform"))
    .use(edge)
    .onBeforeHandle(hook("before"))
    .put("/v1/admin/teas/:id", () => "done", {
      access: ["staff"],
      params: t.Object(one),
      query: t.Object(one),
      headers: t.Object({ "x-grams": t.Integer() }),
      body: t.Object(one),
    });

/** A request that every stage refuses, and what has each of them let it through. */
const worst = {
  path: "/v1/admin/teas/x?id=1&id=2",
  body: "{",
  headers: {
    host: "no/host",
    authorization: "Bearer nobody",
    "content-encoding": "gzip",
    "content-type": "text/plain",
    "x-grams": "x",
    "x-refuse": "transform",
  },
};
type Sent = typeof worst;
const headed = (sent: Sent, headers: Partial<Sent["headers"]>): Sent => ({
  ...sent,
  headers: { ...sent.headers, ...headers },
});
const stages: [answer: string, mend: (sent: Sent) => Sent][] = [
  ["bad_host", (sent) => headed(sent, { host: "localhost" })],
  ["unsupported_content_encoding", (sent) => headed(sent, { "content-encoding": "identity" })],
  ["unsupported_media_type", (sent) => headed(sent, { "content-type": "application/json" })],
  ["invalid_token", (sent) => headed(sent, { authorization: "Bearer customer" })],
  ["malformed_body", (sent) => ({ ...sent, body: "{}" })],
  ["forbidden", (sent) => headed(sent, { authorization: "Bearer staff" })],
  ["invalid_request query.id", (sent) => ({ ...sent, path: "/v1/admin/teas/x?id=x" })],
  ["own_transform", (sent) => headed(sent, { "x-refuse": "before" })],
  ["invalid_request body.id", (sent) => ({ ...sent, body: '{"id":1}' })],
  ["invalid_request headers.x-grams", (sent) => headed(sent, { "x-grams": "1" })],
  ["invalid_request params.id", (sent) => ({ ...sent, path: "/v1/admin/teas/1?id=x" })],
  ["invalid_request query.id", (sent) => ({ ...sent, path: "/v1/admin/teas/1?id=1" })],
  ["own_before", (sent) => headed(sent, { "x-refuse": "none" })],
  ["done", (sent) => sent],
];

test("a request is refused by the first stage that it does not fit, in one order", async () => {
  const server = gatewayOf([routes], {
    authenticate: async (role) => {
      if (role === "staff" || role === "customer") return { kind: "user", userId: "usr_1", role };
      throw Object.assign(new Error(), { name: "InvalidToken" });
    },
  });
  const answers: string[] = [];
  let sent: Sent = worst;
  for (const [, mend] of stages) {
    const { path, body, headers } = sent;
    const response = await fetch(`${server.url}${path}`, { method: "PUT", body, headers });
    const text = await response.text();
    const { code, errors } = text.startsWith("{") ? JSON.parse(text) : { code: text };
    answers.push(errors === undefined ? code : `${code} ${errors[0].field}`);
    sent = mend(sent);
  }
  expect(answers).toEqual(stages.map(([answer]) => answer));
  // What the module declares runs for the last seven alone, and its handler behind all of it.
  const both = ["transform", "before"];
  expect(passed).toEqual([...Array(5).fill("transform"), ...both, ...both]);
  await server.stop(100);
});
