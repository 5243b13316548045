import { expect, test } from "bun:test";
import { idsIn, lastOf, storyBehind, storyOf } from "./story.ts";

const order = "ord_0198a1b2-c3d4-7e5f-8a6b-000000000001";
const other = "ord_0198a1b2-c3d4-7e5f-8a6b-000000000002";
const step = (atMs: number, where: string, told: string) => {
  const [what = "", detail = ""] = told.split(": ");
  return { atMs, where, what, detail };
};

test("the ids that sentences name are found, each once", () => {
  const sentences = [`${order} is paid, ${other} is not`, `${order} is stuck`, "a_b", "tok_ok"];
  expect(idsIn(sentences)).toEqual([order, other]);
  expect(idsIn(["1000 are held for phone_6_hung_up."])).toEqual(["phone_6_hung_up"]);
});

test("a story is what names its id, and what befell all meanwhile", () => {
  const steps = [
    step(1, "sale", "gone: before it began"),
    step(1_000, "sale", `call orders.place: ${order}`),
    step(1_500, "sale", "timer"),
    step(2_000, "after", "gone: killed"),
    step(2_500, "sale", `call orders.place: ${other}`),
    step(187_250, "sale", `answer: {"orderId":"${order}"}`),
    step(190_000, "sale", "gone: when it was over"),
  ];
  expect(storyOf(order, steps)).toEqual([
    `00:01.000  sale            call orders.place  ${order}`,
    "00:02.000  after           gone  killed",
    `03:07.250  sale            answer  {"orderId":"${order}"}`,
  ]);
});

test("what nothing names has no story, and a long detail is cut", () => {
  expect(storyOf(order, [step(1, "sale", "gone")])).toEqual([]);
  const [line = ""] = storyOf(order, [step(1, "sale", `call: ${order}${"x".repeat(1_000)}`)]);
  expect(line).toEndWith("x…");
  expect(line.length).toBeLessThan(350);
});

test("the story of a client is what it asked and heard, and not what others say of it", () => {
  const steps = [
    step(1_000, "client-1", `asks desk.order: {"orderId":"${order}"}`),
    step(1_500, "client-11", `asks desk.order: {"orderId":"${other}"}`),
    step(2_000, "desk", "gone: killed"),
    step(3_000, "desk", "warning: client-1 is not known"),
    step(4_000, "client-1", "is not answered desk.order: The gateway is gone."),
  ];
  expect(storyBehind(["An hour after it client-1 did not end"], steps)).toEqual([
    "What happened to client-1:",
    `00:01.000  client-1        asks desk.order  {"orderId":"${order}"}`,
    "00:02.000  desk            gone  killed",
    "00:04.000  client-1        is not answered desk.order  The gateway is gone.",
  ]);
});

test("behind sentences that name nothing is what befell all, and what was said of it", () => {
  const steps = [
    step(1_000, "sale", "gone: killed"),
    step(2_000, "sale", "timer"),
    step(3_000, "sale", `warning: ${order} is late`),
  ];
  expect(storyBehind(["A process is busy."], steps)).toEqual([
    "What happened to all:",
    "00:01.000  sale            gone  killed",
    `00:03.000  sale            warning  ${order} is late`,
  ]);
  expect(storyBehind([`${order} is stuck`], steps)).toEqual([
    `What happened to ${order}:`,
    `00:03.000  sale            warning  ${order} is late`,
  ]);
});

test("the last steps are shown without what happens all the time, and forty at most", () => {
  const steps = [
    step(1, "sale", "timer"),
    step(2, "", "second"),
    step(3, "broker", "hb.orders.sale: {}"),
    step(3, "broker", "pos.orders.sale: {}"),
    step(4, "sale", "commit: orders"),
    step(5, "client-1", "comes"),
    step(6, "sale", "gone: the world ends"),
  ];
  expect(lastOf(steps)).toEqual([
    "00:00.004  sale            commit  orders",
    "00:00.005  client-1        comes",
  ]);
  expect(lastOf(Array.from({ length: 50 }, () => step(1, "sale", "ready")))).toHaveLength(40);
});
