import { afterAll, expect, test } from "bun:test";
import { gzipSync } from "node:zlib";
import { t } from "../contract/schema.ts";
import { type Edge, Elysia } from "../http.ts";
import { gatewayOf } from "../testing/gateway-of.ts";

const routes = (edge: Edge) =>
  new Elysia({ name: "echo" })
    .use(edge)
    .guard({ access: "public" })
    .post("/v1/echo", ({ body }) => body, { body: t.Object({ text: t.String() }) })
    .post("/v1/signed", ({ body }) => ({ body }), { parse: "text", body: t.String() })
    .delete("/v1/echo", () => "gone")
    .get("/v1/echo", () => "read");

const server = gatewayOf([routes]);
afterAll(() => server.stop(100));

const short = '{"text":"tea"}';
const long = JSON.stringify({ text: "tea ".repeat(1_000) });

async function sent(
  path: string,
  headers: Record<string, string>,
  body: string | Uint8Array | ReadableStream,
) {
  const type = { "content-type": "application/json", ...headers };
  const response = await fetch(`${server.url}${path}`, { method: "POST", headers: type, body });
  const answer: unknown = JSON.parse(await response.text());
  return { status: response.status, accepts: response.headers.get("accept-encoding"), answer };
}

test.each(["gzip", "GZIP", "br", "deflate", "zstd", "identity, gzip", "gzip, identity", "x"])(
  "a body in the coding %s is refused with what is accepted, whatever its length and route",
  async (coding) => {
    for (const path of ["/v1/echo", "/v1/signed"]) {
      const stream = new Blob([gzipSync(short)]).stream();
      for (const body of [short, long, gzipSync(long), stream]) {
        expect(await sent(path, { "content-encoding": coding }, body)).toEqual({
          status: 415,
          accepts: "identity",
          answer: expect.objectContaining({
            code: "unsupported_content_encoding",
            detail:
              "Send the body as it is, without Content-Encoding: a compressed body is not read.",
          }),
        });
      }
    }
  },
);

test.each(["identity", "Identity", "identity, identity", "", " "])(
  "a body in the coding %p is read",
  async (coding) => {
    const { status, answer } = await sent("/v1/echo", { "content-encoding": coding }, short);
    expect([status, answer]).toEqual([200, JSON.parse(short)]);
  },
);

test("a coding of no body is nothing to refuse", async () => {
  const headers = { "content-encoding": "gzip" };
  for (const method of ["GET", "DELETE"]) {
    const answer = await fetch(`${server.url}/v1/echo`, { method, headers });
    expect([method, answer.status]).toEqual([method, 200]);
  }
});

test.each(["latin1", '"iso-8859-1"', "utf-16", "utf-8x", ""])(
  "a body in the charset %p is refused, as its letters would be lost",
  async (charset) => {
    const headers = { "content-type": `application/json; charset=${charset}` };
    const { status, answer } = await sent(
      "/v1/echo",
      headers,
      Buffer.from('{"text":"é"}', "latin1"),
    );
    expect(status).toBe(415);
    expect(answer).toMatchObject({ code: "unsupported_media_type" });
    expect(answer).toMatchObject({ detail: expect.stringContaining("UTF-8") });
  },
);

test.each([
  "application/json; charset=utf-8",
  'Application/JSON;charset="UTF-8"',
  "application/json ; x=1; charset=utf8",
  "application/json;",
])("a body of the type %p is read", async (type) => {
  const { status, answer } = await sent("/v1/echo", { "content-type": type }, '{"text":"é"}');
  expect([status, answer]).toEqual([200, { text: "é" }]);
});
