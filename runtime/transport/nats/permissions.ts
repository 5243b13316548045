import { CONSOLE, GATEWAY, PROVISIONER } from "../../contract/broker-users.ts";
import { assertModuleName, assertName, isOperation } from "../../contract/names.ts";
import type { Manifest, ModuleLinks } from "../manifest.ts";
import {
  callSubject,
  declaredSubject,
  eventSubject,
  heartbeatSubject,
  inboxOf,
  instanceCallSubject,
  JETSTREAM_API,
  positionSubject,
  queueOf,
  rebuildSubject,
  SERVICE_VERBS,
  serviceSubjects,
  streamOf,
} from "./subjects.ts";

/** The subjects that a user may publish to and subscribe to; all others are refused. */
export interface Permissions {
  readonly publish: readonly string[];
  /** `subject queue` allows the subscription in that queue group only. */
  readonly subscribe: readonly string[];
}

/** JetStream's API as it is in the account of the streams. */
const API = "$JS.API";

/**
 * What each NATS user may do, and nothing beyond: the modules, the gateway, the console and the
 * provisioner.
 *
 * There is no `allow_responses`: NATS does not look at the reply subject of a request, so it would
 * let a caller have its callee publish anywhere. A module may publish below the inboxes of those
 * who may call it. Nor may a module create a consumer, whose deliver subject is as good as the
 * right to publish anywhere. The provisioner is in an account of its own, with the streams: see
 * `accountsConfig`.
 *
 * Throws a TypeError for a manifest with a name that no module, procedure or event can have: a name
 * is a token of a subject, and that of a module also a user.
 */
export function permissionsOf(manifest: Manifest): ReadonlyMap<string, Permissions> {
  assertNames(manifest);
  return new Map([
    ...manifest.map((links) => [links.name, ofModule(links, manifest)] as const),
    [GATEWAY, ofGateway()],
    [CONSOLE, ofConsole(manifest)],
    [PROVISIONER, ofProvisioner(manifest)],
  ]);
}

/**
 * Who may run a procedure of a module: the gateway, and, as the permissions have it, those who
 * declare that they call it. What operators do is for the gateway and the console alone.
 */
export function callersOf(
  { module, name }: { readonly module: string; readonly name: string },
  manifest: Manifest,
): ReadonlySet<string> {
  if (isOperation(name)) return new Set([GATEWAY, CONSOLE]);
  const callers = manifest.filter(({ calls }) =>
    calls.some(({ callee, procedures }) => callee === module && procedures.includes(name)),
  );
  return new Set([GATEWAY, ...callers.map((one) => one.name)]);
}

function ofModule(links: ModuleLinks, manifest: Manifest): Permissions {
  const { name, calls, reads, events } = links;
  const callers = manifest
    .filter((other) => other.calls.some(({ callee }) => callee === name))
    .map((one) => one.name);
  return {
    publish: [
      ...calls.flatMap(({ callee, procedures }) =>
        procedures.flatMap((procedure) => callSubjects(callee, procedure, name)),
      ),
      ...events.map((event) => eventSubject(name, event)),
      ...reads.map(({ producer }) => positionSubject(producer, name)),
      heartbeatSubject(name, "*"),
      ownersOf(name),
      ...declaredBy(links),
      ...[...callers, GATEWAY, CONSOLE].map((caller) => `${inboxOf(caller)}.>`),
      ...(events.length > 0 ? relaySubjects(name) : []),
      ...reads.flatMap(({ producer }) => readerSubjects(producer, name)),
    ],
    subscribe: [
      `${callSubject(name, "*", "*")} ${queueOf(name)}`,
      instanceCallSubject({ module: name, instance: "*" }, "*", "*"),
      `${inboxOf(name)}.>`,
      ownersOf(name),
      ...(events.length > 0 ? [positionSubject(name, "*")] : []),
      ...calls.map(({ callee }) => heartbeatSubject(callee, "*")),
      ...questionsTo(name),
    ],
  };
}

function ofGateway(): Permissions {
  return {
    publish: [
      ...callSubjects("*", "*", GATEWAY),
      declaredSubject(GATEWAY),
      `${inboxOf(CONSOLE)}.>`,
    ],
    subscribe: [`${inboxOf(GATEWAY)}.>`, heartbeatSubject("*", "*"), ...questionsTo(GATEWAY)],
  };
}

function ofConsole(manifest: Manifest): Permissions {
  const operations = manifest.flatMap(({ name, queries, commands }) =>
    [...queries, ...commands]
      .filter(isOperation)
      .flatMap((procedure) => callSubjects(name, procedure, CONSOLE)),
  );
  return {
    publish: [...operations, declaredSubject(CONSOLE), "$SRV.>"],
    subscribe: [`${inboxOf(CONSOLE)}.>`, heartbeatSubject("*", "*")],
  };
}

function ofProvisioner(manifest: Manifest): Permissions {
  const streams = manifest.filter(({ events }) => events.length > 0).map((one) => one.name);
  return {
    publish: [
      declaredSubject(PROVISIONER),
      `${API}.INFO`,
      `${API}.STREAM.NAMES`,
      ...streams
        .map(streamOf)
        .flatMap((stream) => [
          ...["CREATE", "UPDATE", "INFO", "DELETE"].map(
            (verb) => `${API}.STREAM.${verb}.${stream}`,
          ),
          `${API}.CONSUMER.CREATE.${stream}.>`,
          `${API}.CONSUMER.DURABLE.CREATE.${stream}.*`,
          ...["INFO", "DELETE"].map((verb) => `${API}.CONSUMER.${verb}.${stream}.*`),
          `${API}.CONSUMER.NAMES.${stream}`,
        ]),
    ],
    subscribe: [`${inboxOf(PROVISIONER)}.>`, rebuildSubject("*")],
  };
}

/** What the processes that own a module, or want to, ask and answer one another. */
function ownersOf(module: string): string {
  return `owner.${module}.*.*`;
}

/** What a module declares, each as a subject that it may publish to for that reason alone. */
export function declaredBy({ name, calls, reads, events }: ModuleLinks): string[] {
  return [
    declaredSubject(name),
    ...calls.flatMap(({ callee, procedures }) =>
      procedures.map((procedure) => declaredSubject(name, callee, procedure)),
    ),
    ...reads.flatMap(({ producer, events: read }) =>
      read.map((event) => declaredSubject(name, producer, event)),
    ),
    ...events.map((event) => declaredSubject(name, name, event)),
  ];
}

/** What the console may ask of a service of this name. */
function questionsTo(name: string): string[] {
  return SERVICE_VERBS.flatMap((verb) => serviceSubjects(verb, name, "*"));
}

/** The calls of one procedure, to any instance and to a certain one. */
function callSubjects(module: string, procedure: string, caller: string): string[] {
  return [
    callSubject(module, procedure, caller),
    instanceCallSubject({ module, instance: "*" }, procedure, caller),
  ];
}

/**
 * What a producer's relay asks about its own stream: how far it goes, its last message, how far its
 * consumers are, and to have it made anew.
 */
function relaySubjects(producer: string): string[] {
  const stream = streamOf(producer);
  return [
    `${JETSTREAM_API}.STREAM.INFO.${stream}`,
    `${JETSTREAM_API}.STREAM.MSG.GET.${stream}`,
    `${JETSTREAM_API}.CONSUMER.INFO.${stream}.*`,
    rebuildSubject(producer),
  ];
}

/** What a reader asks of its own consumer. */
function readerSubjects(producer: string, reader: string): string[] {
  const consumer = `${streamOf(producer)}.${reader}`;
  return [
    `${JETSTREAM_API}.CONSUMER.INFO.${consumer}`,
    `${JETSTREAM_API}.CONSUMER.MSG.NEXT.${consumer}`,
    `$JS.ACK.${consumer}.>`,
  ];
}

/** Throws a TypeError for a name that no contract can have. */
function assertNames(manifest: Manifest): void {
  for (const { name, queries, commands, events, calls, reads } of manifest) {
    assertModuleName(name);
    for (const one of [...queries, ...commands]) assertName(one, `A procedure of ${name}`);
    for (const one of events) assertName(one, `An event of ${name}`);
    for (const { callee, procedures } of calls) {
      assertModuleName(callee);
      for (const one of procedures) assertName(one, `A procedure of ${callee}`);
    }
    for (const { producer, events: read } of reads) {
      assertModuleName(producer);
      for (const one of read) assertName(one, `An event of ${producer}`);
    }
  }
}
