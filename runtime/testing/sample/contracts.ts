import { command, contract, event, query, t } from "../../index.ts";

const Id = t.String({ minLength: 1, maxLength: 40 });

/** A small module to test the kernel with: things on a shelf. */
export const shelf = contract("shelf", {
  /** How many there are. */
  countOf: query({ input: t.Object({ thing: Id }), output: t.Object({ count: t.Integer() }) }),
  /** Gives back what it got, to see what a boundary does to a value. */
  echo: query({
    input: t.Object({ value: t.Array(t.String()), note: t.Optional(t.String()) }),
    output: t.Object({ value: t.Array(t.String()), note: t.Optional(t.String()) }),
  }),
  /** Puts things on the shelf. Not repeatable without a key. */
  put: command({
    input: t.Object({ thing: Id, count: t.Integer({ minimum: 1 }) }),
    output: t.Object({ count: t.Integer() }),
  }),
  /** Takes things for somebody. Repeating it for the same taker changes nothing. */
  take: command({
    input: t.Object({ thing: Id, taker: Id, count: t.Integer({ minimum: 1 }) }),
    output: t.Object({ count: t.Integer() }),
    errors: { TOO_FEW: t.Object({ thing: Id, count: t.Integer() }) },
  }),
  /** Puts back what somebody took; nothing when they took nothing. */
  putBack: command({ input: t.Object({ taker: Id }), output: t.Object({ count: t.Integer() }) }),
  /** Puts one more on the shelf, later. */
  putLater: command({
    input: t.Object({ thing: Id, atMs: t.Integer() }),
    output: t.Object({ planned: t.Literal(true) }),
  }),
  /** Throws something that no contract knows of. */
  stumble: command({ input: t.Object({}), output: t.Object({}) }),
  taken: event(1, t.Object({ thing: Id, taker: Id, left: t.Integer() })),
});

/** A second small module: it orders things from the shelf by a saga. */
export const desk = contract("desk", {
  /** Orders things; the saga decides. */
  order: command({
    input: t.Object({ orderId: Id, thing: Id, count: t.Integer(), paper: Id }),
    output: t.Object({ orderId: Id }),
  }),
  /** Lets an order that waits for its signature go on. */
  sign: command({ input: t.Object({ orderId: Id }), output: t.Object({ orderId: Id }) }),
  /** Where an order stands; waits for it to be decided. */
  orderState: query({
    ownerOnly: true,
    input: t.Object({ orderId: Id, waitMs: t.Optional(t.Integer()) }),
    output: t.Object({ state: t.String() }),
  }),
  /** How often each thing was seen to be taken. */
  sightings: query({ input: t.Object({}), output: t.Record(t.String(), t.Integer()) }),
  /** Tries to take a thing and reports in its own words. */
  tryToTake: command({
    input: t.Object({ thing: Id }),
    output: t.Object({ got: t.Boolean(), left: t.Integer() }),
  }),
  ordered: event(1, t.Object({ orderId: Id })),
});
