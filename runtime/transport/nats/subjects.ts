/**
 * The subjects of Cleave on NATS. A module's name is also the name of its NATS user; the user of an
 * HTTP gateway is `gateway`.
 */

/** Events of one module are spread over partitions by key; there is one so far. */
const PARTITION = "0";

/** `rpc.<module>.<procedure>.<caller>`: a call to any instance, through a queue group. */
export function callSubject(module: string, procedure: string, caller: string): string {
  return `rpc.${module}.${procedure}.${caller}`;
}

/** `rpc-i.<module>.<instance>.<procedure>.<caller>`: a call to one instance. */
export function instanceCallSubject(
  { module, instance }: { readonly module: string; readonly instance: string },
  procedure: string,
  caller: string,
): string {
  return `rpc-i.${module}.${instance}.${procedure}.${caller}`;
}

/** `ev.<module>.<partition>.<event>`: an event as its stream keeps it. */
export function eventSubject(module: string, event: string): string {
  return `ev.${module}.${PARTITION}.${event}`;
}

/** `pos.<producer>.<reader>`: how far a reader has taken in a producer's events. */
export function positionSubject(producer: string, reader: string): string {
  return `pos.${producer}.${reader}`;
}

/** `rebuild.<producer>`: a producer's request to have its stream made anew. */
export function rebuildSubject(producer: string): string {
  return `rebuild.${producer}`;
}

/** `owner.<module>.<bit>.<value>`: a question to all owners that have that bit in their id. */
export function ownerBitSubject(module: string, bit: number, value: number): string {
  return `owner.${module}.${bit}.${value}`;
}

/** `owner.<module>.to.<incarnation>`: an answer to one process that claims a module. */
export function ownerSubject(module: string, incarnation: string): string {
  return `owner.${module}.to.${incarnation}`;
}

/**
 * `declared.<user>` and `declared.<user>.<module>.<name>`: nobody listens. That a user may publish
 * there says that the broker knows the user, and that it calls, reads or emits this.
 */
export function declaredSubject(user: string, ...declared: readonly string[]): string {
  return ["declared", user, ...declared].join(".");
}

/** `hb.<module>.<instance>`: an instance's sign of life. */
export function heartbeatSubject(module: string, instance: string): string {
  return `hb.${module}.${instance}`;
}

/** What may be asked of every service by NATS's own tools. */
export const SERVICE_VERBS = ["PING", "INFO", "STATS"] as const;
export type ServiceVerb = (typeof SERVICE_VERBS)[number];

/**
 * `$SRV.<verb>`, `$SRV.<verb>.<name>` and `$SRV.<verb>.<name>.<instance>`: a question to all
 * services, to those of one name, to a certain one.
 */
export function serviceSubjects(verb: ServiceVerb, name: string, instance: string): string[] {
  return [`$SRV.${verb}`, `$SRV.${verb}.${name}`, `$SRV.${verb}.${name}.${instance}`];
}

/** `_INBOX.<user>`: below it, and nowhere else, a user takes in replies. */
export function inboxOf(user: string): string {
  return `_INBOX.${user}`;
}

/**
 * The prefix of JetStream's API for modules, in place of `$JS.API`, which in their account leads
 * nowhere: the streams are in another one.
 */
export const JETSTREAM_API = "jetstream";

/** The stream of a module's events. */
export function streamOf(module: string): string {
  return `EV_${module}`;
}

/** The queue group of a module's instances. */
export function queueOf(module: string): string {
  return module;
}
