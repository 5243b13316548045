import {
  AckPolicy,
  type ConsumerConfig,
  DeliverPolicy,
  DiscardPolicy,
  JetStreamApiError,
  type JetStreamManager,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from "@nats-io/jetstream";
import { type Msg, type NatsConnection, nanos } from "@nats-io/transport-node";
import type { Environment } from "../../contract/environment.ts";
import type { Log } from "../../telemetry/log.ts";
import type { Manifest } from "../manifest.ts";
import { BrokerError } from "./broker-error.ts";
import { isOlder } from "./executable.ts";
import { ACK_PENDING_MAX, ACK_WAIT_MS, EVENT_AGE_MS_MAX } from "./limits.ts";
import { rebuildRequestIn } from "./rebuild-requests.ts";
import { eventSubject, rebuildSubject, streamOf } from "./subjects.ts";

const LOOK_EVERY_MS = 2_000;
const ANSWER_MS_MAX = 5_000;
const REBUILD_PAUSE_MS = 10_000;

const STREAM_NOT_FOUND = 10_059;
const CONSUMER_NOT_FOUND = 10_014;
/** Codes of a consumer that cannot be created, alone and in a cluster. */
const CONSUMER_STORE_FAILED = [10_012, 10_104];

/** What a provisioner works with. */
export interface ProvisionerOptions {
  /** A connection of the user `provisioner`. */
  readonly connection: NatsConnection;
  readonly manifest: Manifest;
  /** How many bytes a stream may hold; its oldest events go first. */
  readonly streamBytesMax: number;
  readonly environment: Environment;
  readonly log: Log;
}

/** Makes the streams of events and their readers' consumers, and keeps them as they should be. */
export interface Provisioner {
  /**
   * Makes what is missing and sets right what is different; doing so twice changes nothing.
   * Streams and consumers that the manifest does not know are left alone. A stream is made anew,
   * empty, when one of its consumers is damaged on the server's disk.
   *
   * Logs the first time which consumers the server cannot filter for. Rejects with a BrokerError
   * when a stream differs in what cannot be changed.
   */
  ensure(): Promise<void>;
  /**
   * Ensures again after each reconnect, and as soon as a stream or consumer is gone; it looks every
   * two seconds. Makes a stream anew whose producer says that it is damaged, at most every ten
   * seconds. Failures are logged, and tried again. Calls `onLook` after each look with the time for
   * which the server has not answered, in milliseconds: 0 when it has. Returns a function that ends
   * the watch.
   */
  watch(onLook?: (silentMs: number) => void): () => void;
}

/** Some settings of a stream or a consumer. */
type Wanted<Config> = { readonly [K in keyof Config]?: Config[K] };

/** Makes the provisioner of a system. Nothing is changed before it is told to. */
export function provisioner(options: ProvisionerOptions): Provisioner {
  let isFirst = true;
  const ensure = () => {
    if (isFirst) logUnfiltered(options);
    isFirst = false;
    return ensureAll(options);
  };
  return { ensure, watch: (onLook = () => {}) => watchOver(options, { ensure, onLook }) };
}

async function ensureAll(options: ProvisionerOptions): Promise<void> {
  const manager = await managerOf(options.connection);
  for (const links of options.manifest) {
    if (links.events.length === 0) continue;
    try {
      await ensureEventsOf(links.name, manager, options);
    } catch (cause) {
      if (!(cause instanceof JetStreamApiError)) throw cause;
      throw new BrokerError(
        `The nats-server refuses to keep the events of ${links.name}: ${cause.message}. See that ` +
          "its max_file_store has room for all streams, and its disk for that.",
        { cause },
      );
    }
  }
}

/**
 * Makes a module's stream and consumers. When what is left of a consumer on the server's disk keeps
 * a new one from being made, all are made anew: only with its stream does the server delete that.
 */
async function ensureEventsOf(
  module: string,
  manager: JetStreamManager,
  options: ProvisionerOptions,
): Promise<void> {
  try {
    await makeEventsOf(module, manager, options);
  } catch (error) {
    if (!isStoreFailure(error)) throw error;
    const stream = streamOf(module);
    const message = "A stream of events with a damaged consumer is deleted and made anew";
    options.log.warn(message, { stream, error });
    await manager.streams.delete(stream);
    await makeEventsOf(module, manager, options);
  }
}

/** The server has one code for several refusals of a consumer; the one meant says so in words. */
function isStoreFailure(error: unknown): boolean {
  if (!(error instanceof JetStreamApiError)) return false;
  const isOfConsumer = CONSUMER_STORE_FAILED.includes(error.code);
  return isOfConsumer && error.message.startsWith("error creating store");
}

function knowsSeveralFilters({ connection }: ProvisionerOptions): boolean {
  return !isOlder(connection.info?.version ?? "", "2.10.0");
}

/** Says which consumers are sent more than they declare. */
function logUnfiltered(options: ProvisionerOptions): void {
  if (knowsSeveralFilters(options)) return;
  const { manifest, connection, log } = options;
  const consumers = manifest.flatMap(({ name: producer, events: all }) =>
    readersOf(manifest, producer)
      .filter(({ events }) => events.length > 1 && all.some((one) => !events.includes(one)))
      .map(({ reader }) => `${reader} of ${producer}`),
  );
  if (consumers.length === 0) return;
  log.info(
    "This nats-server filters a consumer by one event at most: those that react to several are " +
      "sent all events of their producer and pass over the others. From 2.10 on they are sent " +
      "what they declare",
    { version: connection.info?.version, consumers },
  );
}

async function makeEventsOf(
  module: string,
  manager: JetStreamManager,
  options: ProvisionerOptions,
): Promise<void> {
  const { manifest, streamBytesMax } = options;
  const severalFilters = knowsSeveralFilters(options);
  await ensureStream(manager, streamOf(module), streamConfig(module, streamBytesMax));
  for (const { reader, events } of readersOf(manifest, module)) {
    const filter = filterOf(module, events, severalFilters);
    await ensureConsumer(manager, streamOf(module), consumerConfig(reader, filter));
  }
}

async function managerOf(connection: NatsConnection): Promise<JetStreamManager> {
  return await jetstreamManager(connection, { checkAPI: false, timeout: ANSWER_MS_MAX });
}

/**
 * Nothing but age and size takes an event out of a stream: a module can have the server's answers
 * sent to any subject, and on 2.9 some of them would pass as a request to empty a stream.
 */
function streamConfig(module: string, max_bytes: number) {
  return {
    subjects: [`ev.${module}.>`],
    storage: StorageType.File,
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.Old,
    max_bytes,
    max_age: nanos(EVENT_AGE_MS_MAX),
    num_replicas: 1,
    deny_delete: true,
    deny_purge: true,
  } satisfies Wanted<StreamConfig>;
}

function consumerConfig(reader: string, filter: ReturnType<typeof filterOf>) {
  return {
    durable_name: reader,
    ack_policy: AckPolicy.Explicit,
    ack_wait: nanos(ACK_WAIT_MS),
    max_ack_pending: ACK_PENDING_MAX,
    deliver_policy: DeliverPolicy.All,
    ...filter,
  } satisfies Wanted<ConsumerConfig>;
}

/** Before 2.10, a consumer has one filter or none; readers pass over what they did not ask for. */
function filterOf(
  module: string,
  events: readonly string[],
  severalFilters: boolean,
): Pick<Wanted<ConsumerConfig>, "filter_subject" | "filter_subjects"> {
  const [only, ...more] = events.map((event) => eventSubject(module, event)).toSorted();
  if (only !== undefined && more.length === 0) return { filter_subject: only };
  return severalFilters ? { filter_subjects: [only ?? "", ...more] } : {};
}

function readersOf(manifest: Manifest, producer: string) {
  return manifest.flatMap(({ name: reader, reads }) =>
    reads.filter((one) => one.producer === producer).map(({ events }) => ({ reader, events })),
  );
}

async function ensureStream(
  manager: JetStreamManager,
  name: string,
  wanted: ReturnType<typeof streamConfig>,
): Promise<void> {
  const found = await unlessMissing(manager.streams.info(name), STREAM_NOT_FOUND);
  if (found === undefined) {
    await manager.streams.add({ name, ...wanted });
    return;
  }
  if (agrees(found.config, wanted)) return;
  const { storage, retention, ...changeable } = wanted;
  if (!agrees(found.config, { storage, retention })) {
    throw new BrokerError(
      `The stream ${name} is kept in another way (${found.config.storage}, ` +
        `${found.config.retention}) than Cleave needs (${storage}, ${retention}), and that ` +
        "cannot " +
        "be changed. Delete the stream: it is filled again from the module's own data.",
    );
  }
  await manager.streams.update(name, changeable);
}

/**
 * A consumer that differs in what it delivers is made anew, since it would not go back to what it
 * has passed over: it delivers everything again, and its reader passes over what it has had.
 */
async function ensureConsumer(
  manager: JetStreamManager,
  stream: string,
  wanted: ReturnType<typeof consumerConfig>,
): Promise<void> {
  const { durable_name: name, ack_wait, max_ack_pending, ...delivery } = wanted;
  const found = await unlessMissing(manager.consumers.info(stream, name), CONSUMER_NOT_FOUND);
  if (found === undefined) {
    await manager.consumers.add(stream, wanted);
  } else if (!agrees(found.config, { ...unfiltered, ...delivery })) {
    await manager.consumers.delete(stream, name);
    await manager.consumers.add(stream, wanted);
  } else if (!agrees(found.config, { ack_wait, max_ack_pending })) {
    await manager.consumers.update(stream, name, { ack_wait, max_ack_pending });
  }
}

/** A consumer that is pulled from and passes over nothing; what is not set must not be there. */
const unfiltered = {
  deliver_subject: undefined,
  filter_subject: undefined,
  filter_subjects: undefined,
};

async function unlessMissing<T>(asked: Promise<T>, missing: number): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === missing) return undefined;
    throw error;
  }
}

/** Tells whether the settings are as wanted; undefined stands for one that must not be there. */
function agrees<Config extends object>(
  found: Config,
  wanted: { readonly [K in keyof Config]?: Config[K] | undefined },
): boolean {
  for (const key in wanted) if (!Bun.deepEquals(found[key], wanted[key])) return false;
  return true;
}

interface Watch {
  readonly ensure: () => Promise<void>;
  readonly onLook: (silentMs: number) => void;
}

function watchOver(options: ProvisionerOptions, { ensure, onLook }: Watch): () => void {
  const { connection, environment, log } = options;
  let watching = true;
  let cancel = () => {};
  let reconnected = false;
  let looking = false;
  const rebuilds = new Rebuilds(options);
  let answeredAtMs = environment.monotonic();
  const look = async () => {
    cancel();
    if (looking || !watching) return;
    looking = true;
    const afresh = reconnected;
    reconnected = false;
    try {
      await rebuilds.deleteRequested();
      if (afresh || (await isSomethingMissing(options))) await ensure();
      answeredAtMs = environment.monotonic();
    } catch (error) {
      reconnected ||= afresh;
      if (isAnswer(error)) answeredAtMs = environment.monotonic();
      if (watching) log.warn("The streams of events could not be looked after", { error });
    }
    looking = false;
    if (watching) onLook(environment.monotonic() - answeredAtMs);
    if (watching) cancel = environment.after(LOOK_EVERY_MS, () => void look());
  };
  const followStatus = async () => {
    for await (const { type } of connection.status()) {
      if (type !== "reconnect") continue;
      reconnected = true;
      void look();
    }
  };
  void followStatus();
  const requests = connection.subscribe(rebuildSubject("*"), {
    callback: (error, message) => {
      if (error === null && rebuilds.take(message)) void look();
    },
  });
  cancel = environment.after(LOOK_EVERY_MS, () => void look());
  return () => {
    watching = false;
    requests.unsubscribe();
    cancel();
  };
}

/** Reports whether the server has answered, if with a refusal. */
function isAnswer(error: unknown): boolean {
  return error instanceof JetStreamApiError || error instanceof BrokerError;
}

/** The streams that are to be made anew because their producers say that they are damaged. */
class Rebuilds {
  readonly #options: ProvisionerOptions;
  readonly #reasons = new Map<string, string>();
  readonly #deletedAtMs = new Map<string, number>();

  constructor(options: ProvisionerOptions) {
    this.#options = options;
  }

  /** Takes in a request; returns whether a stream is to be made anew because of it. */
  take(message: Msg): boolean {
    const { manifest, environment } = this.#options;
    const { module = "", reason = "" } = rebuildRequestIn(message) ?? {};
    if (!manifest.some(({ name, events }) => name === module && events.length > 0)) return false;
    const deletedAtMs = this.#deletedAtMs.get(module) ?? Number.NEGATIVE_INFINITY;
    if (environment.monotonic() - deletedAtMs < REBUILD_PAUSE_MS) return false;
    this.#reasons.set(module, reason);
    return true;
  }

  /** Deletes the streams that were asked for, with their consumers. */
  async deleteRequested(): Promise<void> {
    const { connection, environment, log } = this.#options;
    for (const [module, reason] of this.#reasons) {
      const stream = streamOf(module);
      const manager = await managerOf(connection);
      await unlessMissing(manager.streams.delete(stream), STREAM_NOT_FOUND);
      this.#reasons.delete(module);
      this.#deletedAtMs.set(module, environment.monotonic());
      log.warn("A damaged stream of events was deleted and is made anew", { stream, reason });
    }
  }
}

/** Asks for names only: the whole state of a stream costs a server much more. */
async function isSomethingMissing({ connection, manifest }: ProvisionerOptions): Promise<boolean> {
  const producers = manifest.filter(({ events }) => events.length > 0);
  const manager = await managerOf(connection);
  const streams = new Set<string>();
  for await (const name of manager.streams.names()) streams.add(name);
  const looks = producers.map(async ({ name }) => {
    if (!streams.has(streamOf(name))) return true;
    const consumers = await consumerNames(connection, streamOf(name));
    return readersOf(manifest, name).some(({ reader }) => !consumers.includes(reader));
  });
  return (await Promise.all(looks)).some((missing) => missing);
}

async function consumerNames(connection: NatsConnection, stream: string): Promise<string[]> {
  const subject = `$JS.API.CONSUMER.NAMES.${stream}`;
  const answer = await connection.request(subject, "", { timeout: ANSWER_MS_MAX });
  const { consumers = [] } = answer.json<{ consumers?: string[] }>();
  return consumers;
}
