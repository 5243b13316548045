import { afterAll, expect, test } from "bun:test";
import { Elysia, redirect } from "elysia";
import { gatewayOf } from "../testing/gateway-of.ts";
import type { Edge } from "./edge.ts";
import { answerHeaders } from "./headers.ts";

/** A route for each way in which an answer can come to be. */
const ways = (edge: Edge) =>
  new Elysia({ name: "ways" })
    .use(edge)
    .guard({ access: "public" })
    .get("/text", () => "tea")
    .get("/json", () => ({ tea: 1 }))
    .get("/nothing", ({ status }) => status(204))
    .get("/status", ({ status }) => status(418, { tea: 0 }))
    .get("/response", () => new Response("tea", { headers: { "x-own": "1" } }))
    .get("/thrown", () => {
      throw new Response("tea", { status: 402 });
    })
    .get("/redirect", () => redirect("/json", 303))
    .get("/stream", async function* () {
      yield "tea";
    })
    .get("/failure", () => {
      throw new Error("no tea");
    })
    .get("/anew", ({ set }) => {
      set.headers = { "x-own": "1" };
      return "tea";
    })
    .get("/emptied", ({ set }) => {
      set.headers = {};
      return new Response("tea");
    })
    .get("/early", () => "tea", { beforeHandle: () => new Response("early") })
    .get("/other", ({ set }) => {
      set.headers["x-frame-options"] = "SAMEORIGIN";
      return "tea";
    });

const paths = [
  ...["text", "json", "nothing", "status", "response", "thrown", "redirect", "stream", "failure"],
  ...["anew", "emptied", "early", "nowhere"],
];

const { url, stop } = gatewayOf([ways]);

afterAll(() => stop(1_000));

test.each(paths)("the answer /%s has all headers of the gateway", async (path) => {
  const { headers } = await fetch(`${url}/${path}`, { redirect: "manual" });
  const expected = answerHeaders(headers.get("x-request-id") ?? "");
  expect(Object.fromEntries(headers)).toMatchObject(expected);
});

test("a route may set one of them differently", async () => {
  const { headers } = await fetch(`${url}/other`);
  const expected = answerHeaders(headers.get("x-request-id") ?? "");
  expect(Object.fromEntries(headers)).toMatchObject({
    ...expected,
    "x-frame-options": "SAMEORIGIN",
  });
});
