import { describe, expect, test } from "bun:test";
import { AsyncLocalStorage } from "node:async_hooks";
import type { Identity } from "../contract/identity.ts";
import {
  command,
  contract,
  declareUses,
  defineModule,
  event,
  handler,
  query,
  reaction,
  t,
} from "../index.ts";
import { place, placements } from "../testing/place.ts";

const Note = t.Object({ lines: t.Array(t.String()) });
const Seen = t.Object({ context: t.String() });
const Role = t.Object({ role: t.String() });

const board = contract("board", {
  /** Tries to become an administrator. */
  usurp: query({ input: t.Object({}), output: Role }),
  roleOf: query({ input: t.Object({}), output: Role }),
  /** Pins a note, keeps what its transaction returned, and changes it before it returns. */
  pin: command({ input: Note, output: Note }),
  /** Changes the notes that it has kept. */
  scribble: command({ input: t.Object({}), output: t.Object({}) }),
  /** Refuses with an error that it keeps. */
  unpin: query({ input: t.Object({}), output: t.Null(), errors: { STUCK: Note } }),
  look: query({ input: t.Object({}), output: Seen }),
  lookAndTell: command({ input: t.Object({}), output: Seen }),
  looked: event(1, t.Object({})),
});
const visitor = contract("visitor", {
  /** Has the board try to become an administrator, and tells as whom it acts afterwards. */
  visit: query({
    input: t.Object({}),
    output: t.Object({ before: t.String(), after: t.String() }),
  }),
  /** What the board and a reaction see of a context of this module. */
  whisper: command({ input: t.Object({}), output: t.Object({ seen: t.Array(t.String()) }) }),
  heard: query({ input: t.Object({}), output: t.Object({ seen: t.Array(t.String()) }) }),
});

const context = new AsyncLocalStorage<string>();
const seenContext = () => context.getStore() ?? "nothing";

function boardModule() {
  const kept: { lines: string[] }[] = [];
  return defineModule({
    contract: board,
    migrations: [],
    handlers: {
      usurp: handler(board.usurp, (_input, { identity }) => {
        const writable = identity as { role: string };
        try {
          writable.role = "admin";
        } catch {
          // It is frozen.
        }
        return { role: writable.role };
      }),
      roleOf: handler(board.roleOf, (_input, { identity }) => ({
        role: identity.kind === "user" ? identity.role : "",
      })),
      pin: handler(board.pin, async (note, { transaction }) => {
        const answer = await transaction(() => note);
        // Its type is opaque, and yet it is a value.
        const opened = answer as unknown as { lines: string[] };
        kept.push(opened);
        opened.lines.push("added after the commit");
        return answer;
      }),
      scribble: handler(board.scribble, (_input, { transaction }) => {
        for (const note of kept) note.lines.push("scribbled");
        return transaction(() => ({}));
      }),
      unpin: handler(board.unpin, (_input, { fail }) => {
        const error = fail("STUCK", { lines: ["first"] });
        kept.push(error.data as { lines: string[] });
        throw error;
      }),
      look: handler(board.look, async () => {
        const before = seenContext();
        await Promise.resolve();
        return { context: `${before}, ${seenContext()}` };
      }),
      lookAndTell: handler(board.lookAndTell, (_input, { transaction }) =>
        transaction((tx) => {
          tx.emit(board.looked, {});
          return { context: seenContext() };
        }),
      ),
    },
  });
}

function visitorModule() {
  const heard: string[] = [];
  const { uses, handler: visiting } = declareUses([
    board.usurp,
    board.roleOf,
    board.look,
    board.lookAndTell,
  ]);
  return defineModule({
    contract: visitor,
    uses,
    migrations: [],
    handlers: {
      visit: visiting(visitor.visit, async (_input, { call, identity }) => {
        const { role: before } = await call(board.usurp, {});
        const { role } = await call(board.roleOf, {});
        return { before, after: `${role} ${identity.kind === "user" ? identity.role : ""}` };
      }),
      whisper: visiting(visitor.whisper, async (_input, { call, transaction }) => {
        const seen = await context.run("a secret", async () => {
          const looked = [await call(board.look, {}), await call(board.lookAndTell, {})];
          return [...looked.map((one) => one.context), seenContext()];
        });
        return transaction(() => ({ seen }));
      }),
      heard: visiting(visitor.heard, () => ({ seen: heard })),
    },
    reactions: [
      reaction(board.looked, () => {
        heard.push(seenContext());
      }),
    ],
  });
}

describe.each(placements)("a callee, %s,", (placement) => {
  const open = () => place(placement, [boardModule(), visitorModule()], { duplicate: false });

  test("cannot change on whose behalf its caller acts", async () => {
    await using both = await open();
    const identity: Identity = { kind: "user", userId: "usr_1", role: "customer" };
    const met = { before: "customer", after: "customer customer" };
    expect(await both.as(identity).call(visitor.visit, {})).toEqual(met);
    expect(identity.role).toBe("customer");
  });

  test("cannot change an answer once it is committed, and its caller has another", async () => {
    await using both = await open();
    const options = { key: "pin" };
    const answer = await both.call(board.pin, { lines: ["first"] }, options);
    expect(answer).toEqual({ lines: ["first"] });
    await both.call(board.scribble, {});
    expect(answer).toEqual({ lines: ["first"] });
    answer.lines.push("the caller's");
    expect(await both.call(board.pin, { lines: ["first"] }, options)).toEqual({ lines: ["first"] });
  });

  test("cannot change the data of an error that it has thrown", async () => {
    await using both = await open();
    const error = await both.call(board.unpin, {}).catch((met: unknown) => met);
    await both.call(board.scribble, {});
    expect(error).toMatchObject({ code: "STUCK", data: { lines: ["first"] } });
  });

  test("sees nothing of its caller's AsyncLocalStorage, nor does a reaction", async () => {
    await using both = await open();
    const { seen } = await both.call(visitor.whisper, {});
    expect(seen).toEqual(["nothing, nothing", "nothing", "a secret"]);
    await both.settle();
    expect(await both.call(visitor.heard, {})).toEqual({ seen: ["nothing"] });
    const looked = await context.run("another", () => both.call(board.look, {}));
    expect(looked).toEqual({ context: "nothing, nothing" });
  });
});
