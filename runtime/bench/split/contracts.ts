import { command, contract, event, query, t } from "../../index.ts";

const Driven = t.Object({ perSecond: t.Number(), p50Ms: t.Number(), p99Ms: t.Number() });
const Paced = t.Object({ dueMs: t.Number(), tookMs: t.Number(), failed: t.Boolean() });
const empty = t.Object({});

/** Calls pricing from elsewhere. */
export const asking = contract("asking", {
  /** Asks for the total of an order as fast as it is answered. */
  askMany: query({
    input: t.Object({ count: t.Integer(), inFlight: t.Integer() }),
    output: Driven,
  }),
  /** Asks at a rate, whether or not it is answered. */
  askAtRate: query({
    input: t.Object({ ratePerSecond: t.Integer(), seconds: t.Number() }),
    output: t.Array(Paced),
  }),
});

/** Says something, many times, each with its change. */
export const telling = contract("telling", {
  tellMany: command({
    input: t.Object({ count: t.Integer(), aTime: t.Integer() }),
    output: t.Object({ startedAtMs: t.Number() }),
  }),
  told: event(1, t.Object({ entryId: t.String(), account: t.String(), amount: t.Integer() })),
});

/** Writes down what it is told. */
export const hearing = contract("hearing", {
  /** Waits until so many events have had their effect, and tells when that was. */
  heard: query({
    input: t.Object({ count: t.Integer() }),
    output: t.Object({ atMs: t.Number() }),
  }),
});

/** The same without Cleave, as far as a nats-server must know of it. */
export const barePricing = contract("bare-pricing", {
  totalOf: query({ input: empty, output: empty }),
});
export const bareAsking = contract("bare-asking", {});
export const bareTelling = contract("bare-telling", { told: event(1, empty) });
export const bareHearing = contract("bare-hearing", {});
