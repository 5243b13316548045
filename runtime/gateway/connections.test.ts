import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import { once } from "node:events";
import { connect } from "node:net";
import { t } from "../contract/schema.ts";
import { realEnvironment } from "../host/real-environment.ts";
import { type Edge, Elysia } from "../http.ts";
import { jsonLog } from "../telemetry/json-log.ts";
import { eventually } from "../testing/eventually.ts";
import { gatewayOf } from "../testing/gateway-of.ts";
import { answerAdapter } from "./answers.ts";
import { attachExchange, Exchange } from "./exchange.ts";

const released: (() => void)[] = [];
const waiting = () => new Promise<void>((resolve) => released.push(resolve));
let ended = 0;

async function* parts(fail: boolean) {
  try {
    yield "one";
    await waiting();
    if (fail) throw new Error("the stream broke");
    yield "two";
  } finally {
    ended++;
  }
}

const readable = (fail: boolean) => {
  const source = parts(fail);
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await source.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    async cancel() {
      await source.return(undefined);
    },
  });
};

const Fail = t.Object({ fail: t.Boolean() });
const routes = (edge: Edge) =>
  new Elysia({ name: "streams" })
    .use(edge)
    .guard({ access: "public" })
    .get("/v1/slow", async () => {
      await waiting();
      return "slow";
    })
    .get("/v1/text", () => "a text, 00123")
    .get("/v1/json", () => ({ list: [1, 2, 3] }))
    .get("/v1/number", () => 12)
    .get("/v1/response", () => new Response("a response"))
    .get("/v1/nothing", ({ set }) => void Object.assign(set, { status: 204 }))
    .get("/v1/generator", ({ query }) => parts(query.fail), { query: Fail })
    .get("/v1/readable", ({ query }) => readable(query.fail), { query: Fail })
    .get("/v1/answer", ({ query }) => new Response(readable(query.fail)), { query: Fail })
    .get(
      "/v1/chunked",
      ({ query }) => {
        const headers = { "transfer-encoding": "chunked", "content-type": "text/plain" };
        return new Response(readable(query.fail), { headers });
      },
      { query: Fail },
    )
    .get("/v1/at-once", async function* () {
      yield* [];
      throw new Error("before the first part");
    })
    .post("/v1/bodies", ({ body }) => body, { body: t.Object({}) });

const lines: string[] = [];
const server = gatewayOf([routes], {
  log: jsonLog({ level: "info", sink: (line) => lines.push(line), now: () => 0 }),
  development: true,
});
afterAll(() => server.stop(100));
beforeEach(() => {
  lines.length = 0;
  released.length = 0;
  ended = 0;
});

/** Opens a connection and sends bytes; `received` is all that came back so far. */
async function opened(raw: string, url = server.url) {
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  const connection = { socket, received: "", isClosed: false, error: "" };
  socket.on("data", (data) => {
    connection.received += data.toString("latin1");
  });
  socket.on("error", (error: NodeJS.ErrnoException) => {
    connection.error = error.code ?? "";
  });
  socket.on("close", () => {
    connection.isClosed = true;
  });
  await once(socket, "connect");
  socket.write(raw);
  return connection;
}

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;
const errors = () => lines.filter((line) => line.includes('"level":"error"'));

describe("HEAD", () => {
  const headersOf = async (method: string, path: string) => {
    const connection = await opened(
      `${method} ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`,
    );
    await eventually(
      () => connection.isClosed,
      (isClosed) => isClosed,
    );
    const [head = "", body] = connection.received.split("\r\n\r\n");
    const fields = head.toLowerCase().split("\r\n");
    const same = fields.filter((field) => !/^(date|x-request-id|connection):/.test(field));
    return { head: same.sort(), body };
  };

  test.each(["text", "json", "number", "response", "nothing"])(
    "of a %s has the headers of GET, with its length, and no body",
    async (what) => {
      const answer = await headersOf("GET", `/v1/${what}`);
      const head = await headersOf("HEAD", `/v1/${what}`);
      expect(head).toEqual({ ...answer, body: "" });
      if (what !== "nothing") expect(head.head.join()).toMatch(/content-length: [1-9]/);
    },
  );

  test("of a problem has its length", async () => {
    const answer = await headersOf("GET", "/nowhere");
    expect((await headersOf("HEAD", "/nowhere")).head).toEqual(answer.head);
  });

  test.each(["generator", "readable", "answer"])("of a %s ends it", async (what) => {
    const { head, body } = await headersOf("HEAD", `/v1/${what}?fail=false`);
    expect([head.join(), body]).toEqual([expect.stringContaining("transfer-encoding"), ""]);
    await eventually(
      () => {
        for (const release of released) release();
        return ended;
      },
      (count) => count === 1,
    );
  });
});

describe("a stream", () => {
  const streams = ["generator", "readable", "answer", "chunked"];
  const begun = async (path: string) => {
    const connection = await opened(get(path));
    await eventually(
      () => connection.received,
      (received) => received.includes("one"),
    );
    await eventually(
      () => released.length,
      (count) => count === 1,
    );
    return connection;
  };

  test.each(streams)("of a %s arrives whole", async (what) => {
    const connection = await begun(`/v1/${what}?fail=false`);
    released[0]?.();
    await eventually(
      () => connection.received,
      (received) => received.endsWith("two\r\n0\r\n\r\n"),
    );
    expect(errors()).toEqual([]);
    connection.socket.destroy();
  });

  test.each(streams)("of a %s that fails midway resets its connection", async (what) => {
    const connection = await begun(`/v1/${what}?fail=true`);
    released[0]?.();
    await eventually(
      () => connection.isClosed,
      (isClosed) => isClosed,
    );
    expect(connection.received).toStartWith("HTTP/1.1 200 ");
    expect(connection.received).not.toContain("\r\n0\r\n");
  });

  test("that fails midway is logged with its route", async () => {
    await begun("/v1/generator?fail=true");
    released[0]?.();
    await eventually(
      () => errors().length,
      (count) => count === 1,
    );
    expect(JSON.parse(errors()[0] ?? "")).toMatchObject({
      message: "A stream failed after its first part; its connection was reset.",
      method: "GET",
      route: "/v1/generator",
    });
  });

  test("may be quiet for any time, and its connection idle afterwards as others", async () => {
    const seconds: number[] = [];
    const bun = { timeout: (_: Request, one: number) => void seconds.push(one) };
    const request = new Request("http://a/");
    attachExchange(request, new Exchange(request, bun as never, realEnvironment()));
    const { mapResponse } = answerAdapter(() => {}).handler;
    const response = await mapResponse(parts(false), { headers: {} }, request);
    expect(seconds).toEqual([0]);
    const text = (response as Response).text();
    await eventually(
      () => released.length,
      (count) => count === 1,
    );
    released[0]?.();
    expect(await text).toBe("onetwo");
    expect(seconds).toEqual([0, 30]);
    await mapResponse(new Response("a response"), { headers: {} }, request);
    expect(seconds).toEqual([0, 30, 255]);
  });

  test("that fails before its first part is a problem", async () => {
    const response = await fetch(`${server.url}/v1/at-once`);
    expect([response.status, response.headers.get("content-type")]).toEqual([
      500,
      "application/problem+json",
    ]);
  });

  test("whose reader goes away is ended", async () => {
    const connection = await begun("/v1/generator?fail=false");
    connection.socket.destroy();
    released[0]?.();
    await eventually(
      () => ended,
      (count) => count === 1,
    );
    expect(errors()).toEqual([]);
  });
});

test("who hangs up in the middle of a body leaves no error in the log", async () => {
  const json = "Content-Type: application/json";
  for (const [length, chunk] of [
    [`Content-Length: 2000`, '{"a":'],
    [`Content-Length: 100`, '{"a":'],
    ["Transfer-Encoding: chunked", '5\r\n{"a":\r\n'],
  ]) {
    lines.length = 0;
    const raw = `POST /v1/bodies HTTP/1.1\r\nHost: a\r\n${json}\r\n${length}\r\n\r\n${chunk}`;
    const connection = await opened(raw);
    // What comes after it on another connection has passed through the gateway.
    await fetch(`${server.url}/healthz`);
    connection.socket.destroy();
    const logged = await eventually(
      () => lines.filter((line) => line.includes("/v1/bodies")),
      ({ length }) => length > 0,
    );
    expect(logged.map((line) => JSON.parse(line))).toMatchObject([
      { level: "info", message: "request", route: "/v1/bodies", status: 400 },
    ]);
  }
});

describe("what Bun's HTTP server does by itself, and the README says", () => {
  const answering = { text: "done" };
  const bare = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      await request.text();
      if (request.url.endsWith("/v1/slow")) await waiting();
      return Response.json(answering);
    },
  });
  afterAll(() => bare.stop(true));
  const servers = [
    ["a bare Bun.serve", bare.url.origin],
    ["the gateway", server.url],
  ] as const;
  const ended = async (raw: string, url: string) => {
    const connection = await opened(raw, url);
    await eventually(
      () => connection.isClosed,
      (isClosed) => isClosed,
    );
    return connection.received.match(/HTTP\/1\.1 \d+/g) ?? [];
  };
  const last = "GET /v1/json HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

  test.each(servers)("%s closes when a request comes before the last answer", async (_, url) => {
    expect(await ended(get("/v1/slow") + last, url)).toEqual([]);
  });

  test.each(servers)("%s refuses what follows a chunked body with trailers", async (_, url) => {
    const head = "POST /v1/bodies HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n";
    const chunked = `${head}Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n`;
    expect(await ended(`${chunked}\r\n${last}`, url)).toEqual(["HTTP/1.1 200", "HTTP/1.1 200"]);
    expect((await ended(`${chunked}Expires: 0\r\n\r\n${last}`, url)).at(-1)).toBe("HTTP/1.1 400");
  });
});
