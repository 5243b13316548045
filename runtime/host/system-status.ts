import { GATEWAY } from "../contract/broker-users.ts";
import { SYNCHRONOUS_MS_MAX } from "../telemetry/loop-watch.ts";
import type { Report } from "../transport/report.ts";

/** Two looks at a system, a moment apart, so that there are rates. */
export interface Looks {
  /** The names of all modules of the system. */
  readonly modules: readonly string[];
  readonly before: readonly Report[];
  readonly now: readonly Report[];
}

/** One process of a system, as whoever runs it wants to see it. */
export interface InstanceStatus {
  readonly instance: string;
  readonly modules: readonly { readonly name: string; readonly role: Report["role"] }[];
  readonly version: string;
  readonly state: Report["state"];
  readonly startedAtMs: number;
  readonly upMs: number;
  /** Null where nothing is asked: at a gateway without modules. */
  readonly inFlight: number | null;
  /** Null too when the process was not there at the first look. */
  readonly callsPerSecond: number | null;
  readonly errorsPerSecond: number | null;
  readonly openCircuits: readonly string[];
}

/** How far a module is behind in the events of another. */
export interface Lag {
  readonly producer: string;
  readonly reader: string;
  readonly behind: number;
}

/** A system as it is now, and what is not well, a sentence each. */
export interface SystemStatus {
  readonly topologies: readonly string[];
  readonly instances: readonly InstanceStatus[];
  /** The instances of the topology that do not answer. */
  readonly missing: readonly string[];
  readonly lags: readonly Lag[];
  /** What has blocked the event loop of its process in the last hour, a sentence each. */
  readonly blocking: readonly string[];
  readonly faults: readonly string[];
}

/** Makes out how a system is. */
export function systemStatus(looks: Looks): SystemStatus {
  const { now } = looks;
  const names = distinct(now.map(({ instance }) => instance)).sort();
  const instances = names.map((name) => instanceStatus(name, looks));
  const expected = distinct(now.flatMap(({ topology }) => topology?.instances ?? []));
  const missing = expected.filter((name) => !names.includes(name));
  return {
    topologies: distinct(now.flatMap(({ topology }) => topology?.name ?? [])),
    instances,
    missing,
    lags: now.flatMap(({ name, readers }) =>
      readers.map(({ reader, behind }) => ({ producer: name, reader, behind })),
    ),
    blocking: now.flatMap(blockages),
    faults: [
      ...missing.map((name) => `${name} is of the topology and does not answer.`),
      ...absences(looks),
      ...conflicts(now),
      ...instances.flatMap(faultsOf),
      ...silences(now),
      ...now.flatMap(standstills),
    ],
  };
}

function instanceStatus(instance: string, { before, now }: Looks): InstanceStatus {
  const reports = now.filter((one) => one.instance === instance);
  // Instances are named after the reports of now, so each has one.
  const [first] = reports as [Report, ...Report[]];
  const traffic = reports.flatMap((one) => one.traffic ?? []);
  const rates = reports.flatMap((one) => rateOf(one, before) ?? []);
  const isKnown = rates.length > 0;
  return {
    instance,
    modules: reports
      .map(({ name, role }) => ({ name, role }))
      .sort((one, other) => one.name.localeCompare(other.name)),
    version: distinct(reports.map(({ version }) => version)).join(", "),
    state: reports.some(({ state }) => state === "draining") ? "draining" : "up",
    startedAtMs: first.startedAtMs,
    upMs: first.upMs,
    inFlight: traffic.length === 0 ? null : sum(traffic.map((one) => one.inFlight)),
    callsPerSecond: isKnown ? sum(rates.map(({ calls }) => calls)) : null,
    errorsPerSecond: isKnown ? sum(rates.map(({ errors }) => errors)) : null,
    openCircuits: distinct(
      reports
        .flatMap(({ circuits }) => circuits)
        .filter(({ state }) => state !== "closed")
        .map(
          ({ module, instance: at, kind, procedure = module }) => `${procedure} at ${at} (${kind})`,
        ),
    ),
  };
}

/** What came in a second since the first look, at the same run in the same role. */
function rateOf(now: Report, before: readonly Report[]) {
  const then = before.find(
    ({ instance, name, role, startedAtMs }) =>
      instance === now.instance &&
      name === now.name &&
      role === now.role &&
      startedAtMs === now.startedAtMs,
  );
  if (then?.traffic == null || now.traffic === null || now.upMs <= then.upMs) return undefined;
  const perSecond = (count: number) => (count * 1_000) / (now.upMs - then.upMs);
  return {
    calls: perSecond(now.traffic.calls - then.traffic.calls),
    errors: perSecond(now.traffic.errors - then.traffic.errors),
  };
}

/** Modules that nobody owns, and those that their own process does not speak for. */
function absences({ modules, now }: Looks): string[] {
  const owned = now.filter(({ role }) => role === "owner").map(({ name }) => name);
  const there = new Set(now.map(({ instance, name }) => `${name} at ${instance}`));
  const placed = now.flatMap(({ instance, placement }) =>
    placement.map((name) => `${name} at ${instance}`),
  );
  return [
    ...modules
      .filter((name) => !owned.includes(name))
      .map((name) => `${name} has no owner: its commands fail and its events wait.`),
    ...(now.some(({ role }) => role === "gateway") ? [] : [`There is no ${GATEWAY}.`]),
    ...distinct(placed)
      .filter((one) => !there.has(one))
      .map((one) => `${one} does not answer, though its process does.`),
  ];
}

/** Modules that two processes own, or that another one wanted to own. */
function conflicts(now: readonly Report[]): string[] {
  const owners = now.filter(({ role, state }) => role === "owner" && state === "up");
  const contested = distinct(owners.map(({ name }) => name)).flatMap((name) => {
    const runs = owners.filter((one) => one.name === name);
    if (runs.length < 2) return [];
    const who = runs.map((one) => `${one.instance} (since ${timeOf(one.startedAtMs)})`);
    return [
      `${name} has ${runs.length} owners: ${who.join(" and ")}. Each has effects that the other ` +
        "does not know, and calls are answered by either. Stop all but one.",
    ];
  });
  return [
    ...contested,
    ...owners.flatMap(({ name, refusedOwner }) =>
      refusedOwner === undefined
        ? []
        : [
            `${name} was claimed by another process too, ${refusedOwner.place}, which was ` +
              `refused at ${timeOf(refusedOwner.atMs)}. Stop that one, or have it run over a ` +
              "broker of its own.",
          ],
    ),
  ];
}

function faultsOf(status: InstanceStatus): string[] {
  const { instance, state, errorsPerSecond, openCircuits } = status;
  return [
    ...(state === "draining" ? [`${instance} is draining: it takes no more work.`] : []),
    ...((errorsPerSecond ?? 0) > 0
      ? [`${instance} fails ${errorsPerSecond?.toFixed(1)} calls/s by defects. See its log.`]
      : []),
    ...openCircuits.map((one) => `${instance} leaves ${one} alone: it did not answer in time.`),
  ];
}

function silences(now: readonly Report[]): string[] {
  const heard = now.flatMap(({ instance, neighbours }) =>
    neighbours
      .filter(({ state }) => state === "silent")
      .map((one) => `${instance} has not heard ${one.module} at ${one.instance} for a while.`),
  );
  return distinct(heard);
}

/** Synchronous work that others in the same process had to wait for. */
function blockages({ instance, blocking = [] }: Report): string[] {
  return blocking.map(
    ({ what, count, longestMs, lastAtMs }) =>
      `${what} blocked ${instance} ${count === 1 ? "once" : `${count} times`} in the last hour, ` +
      `for ${longestMs} ms at most, the last time at ${timeOf(lastAtMs)}: everything else there ` +
      `waited. Synchronous work should take ${SYNCHRONOUS_MS_MAX} ms at most.`,
  );
}

/** What a module does not take in, has set aside, or cannot go on with. */
function standstills({ name, events }: Report): string[] {
  if (events === undefined) return [];
  const { stopped, missing, deadLetters, stuckSagas } = events;
  const { count, oldestAtMs } = deadLetters;
  return [
    ...stopped.map(({ producer, event, seq, sinceMs, attempts, error, isStorage }) => {
      const at = `${name} takes in no events of ${producer} since ${timeOf(sinceMs)}:`;
      const why = `it has stopped at ${event} ${seq} after ${attempts} attempts: ${error}.`;
      const what = isStorage
        ? "Nothing can be written; see to the disk."
        : `It tries again at least every 30 s. Mend ${name}, or have that event set aside: POST ` +
          `/v1/admin/consumers/${name}/${producer}/${seq}/set-aside.`;
      return `${at} ${why} ${what}`;
    }),
    ...missing.map(
      ({ reader, count: lost, isExact, upTo }) =>
        `${reader} misses ${isExact ? "" : "up to "}${lost} events of ${name} up to ${upTo}, ` +
        `which were removed before it took them in, and takes in no more. Put ${reader}.db back ` +
        `to a younger copy, or have it pass over them: POST ` +
        `/v1/admin/consumers/${reader}/${name}/skip.`,
    ),
    ...(count === 0
      ? []
      : [
          `${name} has ${count} dead letter${count === 1 ? "" : "s"}, the oldest of ` +
            `${timeOf(oldestAtMs ?? 0)}. See GET /v1/admin/dead-letters?module=${name}.`,
        ]),
    ...(stuckSagas === undefined || stuckSagas.count === 0
      ? []
      : [
          `${name} has ${stuckSagas.count} stuck saga${stuckSagas.count === 1 ? "" : "s"}, the ` +
            `oldest begun ${timeOf(stuckSagas.oldestAtMs ?? 0)}. Its log says why. See GET ` +
            `/v1/admin/sagas?module=${name}&state=stuck, mend ${name}, and have each tried ` +
            `again: POST /v1/admin/sagas/${name}/…/retry.`,
        ]),
  ];
}

/** A time as people read it, to the second. */
export function timeOf(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
}

function distinct<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}

function sum(values: readonly number[]): number {
  return values.reduce((total, one) => total + one, 0);
}
