import type { Manifest } from "../../transport/manifest.ts";

const operations = {
  queries: ["cleaveSagas"],
  commands: ["cleaveRedrive"],
};

/**
 * A little shop as a manifest: orders calls all of inventory and one procedure of payments, parcels
 * one of orders; parcels reads one event of two modules, mail several of one, and payments none.
 */
export const sampleManifest: Manifest = [
  {
    name: "orders",
    queries: ["orderById", ...operations.queries],
    commands: ["placeOrder", ...operations.commands],
    events: ["placed", "cancelled", "confirmed"],
    calls: [
      { callee: "inventory", procedures: ["stockOf", "holdStock"] },
      { callee: "payments", procedures: ["authorise"] },
    ],
    reads: [{ producer: "payments", events: ["captured"] }],
  },
  {
    name: "inventory",
    queries: ["stockOf", ...operations.queries],
    commands: ["holdStock", ...operations.commands],
    events: ["ranOut"],
    calls: [],
    reads: [{ producer: "orders", events: ["cancelled"] }],
  },
  {
    name: "payments",
    queries: ["paymentById", ...operations.queries],
    commands: ["authorise", ...operations.commands],
    events: ["captured", "refunded"],
    calls: [],
    reads: [],
  },
  {
    name: "parcels",
    queries: ["parcelsOf", ...operations.queries],
    commands: ["ship", ...operations.commands],
    events: ["shipped"],
    calls: [{ callee: "orders", procedures: ["orderById"] }],
    reads: [
      { producer: "payments", events: ["captured"] },
      { producer: "orders", events: ["cancelled"] },
    ],
  },
  {
    name: "mail",
    queries: ["mailbox", ...operations.queries],
    commands: ["deliver", ...operations.commands],
    events: [],
    calls: [],
    reads: [{ producer: "orders", events: ["confirmed", "cancelled"] }],
  },
];
