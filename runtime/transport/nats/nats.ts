import { GATEWAY } from "../../contract/broker-users.ts";
import { checkedProcedure } from "../../contract/check.ts";
import { fullName, type Procedure } from "../../contract/contract.ts";
import type { Environment } from "../../contract/environment.ts";
import { ContractError } from "../../contract/errors.ts";
import type { Log } from "../../telemetry/log.ts";
import { Balancer } from "../balance/balancer.ts";
import { Directory } from "../balance/directory.ts";
import type { Manifest } from "../manifest.ts";
import type { Report, TopologyFacts } from "../report.ts";
import type {
  CallRequest,
  Delivery,
  Envelope,
  EventSource,
  Offer,
  OwnershipClaim,
  Serve,
  Subscription,
  Transport,
} from "../transport.ts";
import { Callee } from "./callee.ts";
import { Calls } from "./calls.ts";
import { carrying } from "./carrying.ts";
import { EventReader } from "./event-reader.ts";
import { Heartbeats, listenTo } from "./heartbeats.ts";
import type { Link } from "./link.ts";
import { Ownership } from "./ownership.ts";
import { Relay } from "./relay.ts";
import { Reports } from "./reports.ts";
import { Responder } from "./responder.ts";
import { callSubject, instanceCallSubject } from "./subjects.ts";

/** How an instance takes part in a system over NATS. */
export interface NatsOptions {
  /** Connects as one of the users. */
  readonly connect: (user: string) => Promise<Link>;
  /** The instance's name. */
  readonly instance: string;
  /** What all modules of the system declare. */
  readonly manifest: Manifest;
  /** The modules of this instance; their events and calls to one another stay in process. */
  readonly here: ReadonlySet<string>;
  /** The names under which to connect: the modules of this instance, or `gateway`. */
  readonly users: readonly string[];
  /** Says that this instance lives, and chooses among others that do; left out in tests. */
  readonly balance?: {
    /** Whose instances a user calls; `*` for any. */
    readonly callees: (user: string) => readonly string[];
    /** The version of what runs here, for those who look. */
    readonly version: string;
    /** The topology that this instance is of, if any. */
    readonly topology?: TopologyFacts | undefined;
  };
  /** The process and its data folder in words, for one that wants to own the same module. */
  readonly place: string;
  readonly environment: Environment;
  /**
   * The clock by which readers tell producers again how far they are, and by which owners ask for
   * one another; it must not stand still.
   */
  readonly reminder: Pick<Environment, "after" | "monotonic">;
  readonly log: Log;
}

/**
 * The transport between instances: request and reply for calls, JetStream for events. Rejects with
 * a sentence when the broker carries less than `PAYLOAD_BYTES_MAX`.
 */
export async function openNats(options: NatsOptions): Promise<Nats> {
  const { users, connect } = options;
  const connections = new Map<string, Link>();
  try {
    for (const user of users) connections.set(user, await carrying(await connect(user)));
  } catch (error) {
    for (const connection of connections.values()) await connection.close();
    throw error;
  }
  return new Nats(options, connections);
}

/** See `openNats`. */
class Nats implements Transport {
  readonly #options: NatsOptions;
  readonly #connections: ReadonlyMap<string, Link>;
  readonly #calls: ReadonlyMap<string, Calls>;
  readonly #callees = new Set<Callee>();
  readonly #beats = new Set<Heartbeats>();
  readonly #directory: Directory;
  readonly #balancer: Balancer | undefined;
  readonly #reports: Reports | undefined;
  readonly #ownerships = new Map<string, Ownership>();
  readonly #relays = new Map<string, Relay>();
  readonly #readers: EventReader[] = [];
  #closed = false;

  constructor(options: NatsOptions, connections: ReadonlyMap<string, Link>) {
    this.#options = options;
    this.#connections = connections;
    this.#calls = new Map(
      [...connections].map(([user, connection]) => [
        user,
        new Calls(connection, options.environment),
      ]),
    );
    const { instance, balance, environment } = options;
    const directory = new Directory(environment);
    this.#directory = directory;
    if (balance === undefined) return;
    const balancer = new Balancer(directory, environment, (call, instance) => {
      const { module, name, what, caller } = call;
      const subject = instanceCallSubject({ module, instance }, name, caller);
      return this.#callsOf(caller).probe({ subject, what, module }, caller);
    });
    const placement = [...connections.keys()];
    const { version, topology } = balance;
    const about = { instance, placement, version, topology, directory, balancer, environment };
    this.#balancer = balancer;
    this.#reports = new Reports(about);
    for (const [user, connection] of connections) {
      listenTo(balance.callees(user), connection, directory);
      connection.onUp(() => balancer.forgetCircuits());
    }
    this.#showGateway(this.#reports);
  }

  /** The instances that were heard of, and the circuits to them. */
  get neighbours(): { readonly directory: Directory; readonly balancer: Balancer | undefined } {
    return { directory: this.#directory, balancer: this.#balancer };
  }

  /** The connections by their users. */
  get connections(): ReadonlyMap<string, Link> {
    return this.#connections;
  }

  async own({ module, database, onLost }: OwnershipClaim): Promise<void> {
    const { instance, place, environment, reminder: clock, log } = this.#options;
    const connection = this.#connectionOf(module);
    const about = { connection, module, database, instance, place, environment, clock, log };
    // One of a start that failed would find itself.
    this.#ownerships.get(module)?.leave();
    const ownership = new Ownership({ ...about, onLost });
    this.#ownerships.set(module, ownership);
    await ownership.claim();
  }

  serve(offer: Offer, serve: Serve): () => Promise<void> {
    const { instance, manifest, environment, log, balance } = this.#options;
    const connection = this.#connectionOf(offer.module);
    const ownership = offer.isReader ? undefined : this.#ownerships.get(offer.module);
    const about = { connection, instance, manifest, ownership, environment, log };
    const callee = new Callee(about, offer, serve);
    this.#callees.add(callee);
    const beats = balance && new Heartbeats(callee, { connection, environment, ...balance });
    if (beats !== undefined) this.#beats.add(beats);
    let state: Report["state"] = "up";
    const responder = this.#show(offer, callee, () => state);
    return async () => {
      state = "draining";
      beats?.drain();
      await callee.stop();
      beats?.stop();
      if (beats !== undefined) this.#beats.delete(beats);
      responder?.stop();
      this.#callees.delete(callee);
    };
  }

  async call(procedure: Procedure, input: unknown, request: CallRequest): Promise<unknown> {
    const { module, name, kind, ownerOnly } = procedure;
    const { caller, deadlineAtMs, key, signal } = request;
    const checks = checkedProcedure(procedure);
    const calls = this.#callsOf(caller);
    // JSON would make a text of a date, and nothing of undefined, before the callee can refuse.
    const about = { module, what: fullName(procedure), input: checks.input.text(input) };
    const send = (instance: string | undefined) => {
      const subject =
        instance === undefined
          ? callSubject(module, name, caller)
          : instanceCallSubject({ module, instance }, name, caller);
      // Only the owner of a module takes what is for it, also from the queue group.
      const toInstance = instance !== undefined || ownerOnly;
      return calls.send({ ...about, subject, toInstance }, request);
    };
    const { what } = about;
    const isKeyed = key !== undefined;
    const to = { module, name, what, caller, kind, ownerOnly, isKeyed, deadlineAtMs, signal };
    const text = await (this.#balancer?.call(to, send) ?? send(undefined));
    // What another process says is checked here as well: it may be of another version.
    return request.asText ? text : checks.output.copy(JSON.parse(text));
  }

  publish(source: EventSource): (envelopes: readonly Envelope[]) => void {
    const { here, environment, reminder: clock, log } = this.#options;
    const connection = this.#connectionOf(source.module);
    const ownership = this.#ownerships.get(source.module);
    const relay = new Relay({ connection, source, here, ownership, environment, clock, log });
    this.#relays.set(source.module, relay);
    return () => relay.wake();
  }

  subscribe(subscription: Subscription): Delivery {
    const { environment, reminder, log } = this.#options;
    const connection = this.#connectionOf(subscription.consumer);
    const options = { connection, subscription, reminder, environment, log };
    const reader = new EventReader(options);
    this.#readers.push(reader);
    return reader;
  }

  async ready(): Promise<void> {
    await Promise.all([...this.#connections.values()].map((one) => one.flush()));
  }

  async idle(): Promise<void> {
    while (this.busy()) {
      await new Promise<void>((resolve) => this.#options.environment.defer(resolve));
    }
  }

  busy(): boolean {
    if (this.#closed) return false;
    return [...this.#callees].some((callee) => callee.running > 0) || this.eventsUnderway();
  }

  /** True while somebody has not taken in what was published, as far as it is known here. */
  eventsUnderway(): boolean {
    return (
      [...this.#relays.values()].some((relay) => relay.busy) ||
      this.#readers.some((reader) => this.#isBehind(reader))
    );
  }

  async close(): Promise<void> {
    for (const callee of this.#callees) await callee.stop();
    for (const beats of this.#beats) beats.stop();
    for (const reader of this.#readers) await reader.close();
    for (const relay of this.#relays.values()) await relay.close();
    for (const connection of this.#connections.values()) await connection.close();
    this.#closed = true;
  }

  /** Ends the connections at once and leaves everything else as a crash would. For tests. */
  async abandon(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#connections.values()].map((one) => one.abandon()));
  }

  /** Resolves when what was sent has arrived. */
  async flush(): Promise<void> {
    // The first round has the broker take everything, the second has it hand everything over.
    for (let round = 0; round < 2; round++) {
      const open = [...this.#connections.values()].filter((one) => !one.isClosed);
      await Promise.all(open.map((one) => one.flush()));
    }
  }

  /** How many messages were sent and received so far. */
  messages(): number {
    return [...this.#connections.values()].reduce((sum, { messages }) => sum + messages, 0);
  }

  /** Has a module answer those who look at the system. */
  #show(
    { module: name, isReader, traffic, circuits, events, blocking }: Offer,
    callee: Callee,
    state: () => Report["state"],
  ): Responder | undefined {
    const reports = this.#reports;
    if (reports === undefined) return undefined;
    const role = isReader ? "reader" : "owner";
    const report = () => {
      const readers = this.#relays.get(name)?.lags() ?? [];
      const about = { name, role, state: state(), traffic: traffic(), readers } as const;
      const refused = isReader ? undefined : this.#ownerships.get(name)?.refused;
      const own = {
        ...(events !== undefined && { events: events() }),
        ...(refused !== undefined && { refusedOwner: { ...refused } }),
      };
      const lists = { circuits: [...(circuits?.() ?? [])], blocking: [...(blocking?.() ?? [])] };
      return reports.of({ ...about, ...own, ...lists });
    };
    const connection = this.#connectionOf(name);
    return new Responder({ connection, report, endpoints: () => callee.endpoints });
  }

  /** Has the gateway, if there is one here, answer them too, for as long as it is connected. */
  #showGateway(reports: Reports): void {
    const connection = this.#connections.get(GATEWAY);
    if (connection === undefined) return;
    const report = () =>
      reports.of({
        name: GATEWAY,
        role: "gateway",
        state: "up",
        traffic: null,
        readers: [],
        circuits: [],
      });
    new Responder({ connection, report, endpoints: () => [] });
  }

  /** True also for a reader whose producer is here and has not heard of it yet. */
  #isBehind(reader: EventReader): boolean {
    return reader.busy || this.#relays.get(reader.producer)?.hasHeard(reader.reader) === false;
  }

  #callsOf(user: string): Calls {
    const calls = this.#calls.get(user);
    if (calls !== undefined) return calls;
    throw this.#stranger(user);
  }

  #connectionOf(user: string): Link {
    const connection = this.#connections.get(user);
    if (connection !== undefined) return connection;
    throw this.#stranger(user);
  }

  #stranger(user: string): ContractError {
    const { instance } = this.#options;
    return new ContractError(`${user} is not in the instance ${instance}, which acts in its name.`);
  }
}
