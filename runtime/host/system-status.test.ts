import { expect, test } from "bun:test";
import type { EventsState, Report } from "../transport/report.ts";
import { systemStatus } from "./system-status.ts";

/** Mail as the owner of its module says that it is. */
function mailWith(events: EventsState): Report {
  return {
    name: "mail",
    instance: "core",
    role: "owner",
    state: "up",
    version: "1.0.0",
    startedAtMs: 0,
    upMs: 1,
    placement: ["mail", "gateway"],
    topology: null,
    traffic: { inFlight: 0, calls: 0, errors: 0 },
    circuits: [],
    neighbours: [],
    readers: [],
    events,
  };
}

function faultsOf(some: Partial<EventsState>): readonly string[] {
  const mail = mailWith({ stopped: [], missing: [], deadLetters: none, ...some });
  const { events: _, ...about } = mail;
  const now = [mail, { ...about, name: "gateway", role: "gateway", traffic: null } as const];
  return systemStatus({ modules: ["mail"], before: now, now }).faults;
}

const none = { count: 0, oldestAtMs: null };
const stop = {
  producer: "orders",
  event: "orders.orderShipped",
  seq: 17,
  sinceMs: 1_767_225_600_000,
  attempts: 9,
  error: "RangeError: no",
  isStorage: false,
};

test("a module that takes in all events is well", () => {
  expect(faultsOf({})).toEqual([]);
});

test("work that blocked its process is told of, and is no fault", () => {
  const told = { module: "mail", what: "mail.sent", longestMs: 812, lastAtMs: 1_767_225_600_000 };
  const well = mailWith({ stopped: [], missing: [], deadLetters: none });
  const now = [1, 3].map((count) => ({ ...well, blocking: [{ ...told, count }] }));
  expect(systemStatus({ modules: ["mail"], before: now, now }).blocking).toEqual([
    "mail.sent blocked core once in the last hour, for 812 ms at most, the last time at " +
      "2026-01-01T00:00:00Z: everything else there waited. Synchronous work should take 500 ms " +
      "at most.",
    expect.stringContaining("mail.sent blocked core 3 times in the last hour,"),
  ]);
});

test("a consumer that has stopped is told of, with the event, the reason and what to do", () => {
  expect(faultsOf({ stopped: [stop] })).toEqual([
    "mail takes in no events of orders since 2026-01-01T00:00:00Z: it has stopped at " +
      "orders.orderShipped 17 after 9 attempts: RangeError: no. It tries again at least every " +
      "30 s. Mend mail, or have that event set aside: POST " +
      "/v1/admin/consumers/mail/orders/17/set-aside.",
  ]);
  const [full] = faultsOf({ stopped: [{ ...stop, isStorage: true }] });
  expect(full).toEndWith("RangeError: no. Nothing can be written; see to the disk.");
});

test("stuck sagas are counted, with what to do", () => {
  const stuckSagas = { count: 1, oldestAtMs: 1_767_225_600_000 };
  expect(faultsOf({ stuckSagas })).toEqual([
    "mail has 1 stuck saga, the oldest begun 2026-01-01T00:00:00Z. Its log says why. See GET " +
      "/v1/admin/sagas?module=mail&state=stuck, mend mail, and have each tried again: POST " +
      "/v1/admin/sagas/mail/…/retry.",
  ]);
  expect(faultsOf({ stuckSagas: { count: 0, oldestAtMs: null } })).toEqual([]);
});

test("dead letters are counted, with the time of the oldest", () => {
  const deadLetters = { count: 2, oldestAtMs: 1_767_225_600_000 };
  expect(faultsOf({ deadLetters })).toEqual([
    "mail has 2 dead letters, the oldest of 2026-01-01T00:00:00Z. See GET " +
      "/v1/admin/dead-letters?module=mail.",
  ]);
});

test("a reader that misses events is told of, with how many are gone and what to do", () => {
  const missing = [{ reader: "desk", count: 12, isExact: false, upTo: 40 }];
  expect(faultsOf({ missing })).toEqual([
    "desk misses up to 12 events of mail up to 40, which were removed before it took them in, " +
      "and takes in no more. Put desk.db back to a younger copy, or have it pass over them: POST " +
      "/v1/admin/consumers/desk/mail/skip.",
  ]);
});

test("two owners of a module are told of, and one that was refused", () => {
  const mail = mailWith({ stopped: [], missing: [], deadLetters: none });
  const { events: _, ...about } = mail;
  const gateway = { ...about, name: "gateway", role: "gateway", traffic: null } as const;
  const place = "the instance core (process 7 on b, data folder /b)";
  const refusedOwner = { place, atMs: 1_767_225_600_000 };
  const faultsWith = (...now: Report[]) =>
    systemStatus({ modules: ["mail"], before: now, now: [...now, gateway] }).faults;
  expect(faultsWith(mail, { ...mail, startedAtMs: 1_000 })).toEqual([
    "mail has 2 owners: core (since 1970-01-01T00:00:00Z) and core (since 1970-01-01T00:00:01Z). " +
      "Each has effects that the other does not know, and calls are answered by either. Stop all " +
      "but one.",
  ]);
  expect(faultsWith({ ...mail, refusedOwner })).toEqual([
    "mail was claimed by another process too, the instance core (process 7 on b, data folder " +
      "/b), which was refused at 2026-01-01T00:00:00Z. Stop that one, or have it run over a " +
      "broker of its own.",
  ]);
  expect(faultsWith(mail, { ...mail, state: "draining" })).not.toContainEqual(
    expect.stringContaining("owners"),
  );
});
