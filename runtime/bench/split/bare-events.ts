import { type JsMsg, jetstream } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { eventSubject, JETSTREAM_API, streamOf } from "../../transport/nats/subjects.ts";
import { openRaw } from "../raw-group-commit.ts";
import { entryTable } from "./modules.ts";

const UNDERWAY_MAX = 256;
const AHEAD_MAX = 256;
const outboxTable = `
CREATE TABLE outbox (seq INTEGER PRIMARY KEY, payload TEXT NOT NULL, at_ms INTEGER NOT NULL) STRICT;
CREATE TABLE inbox (producer TEXT PRIMARY KEY, position INTEGER NOT NULL) STRICT;`;
const decoder = new TextDecoder();

/** What the telling side is asked. */
export interface BareTelling {
  readonly count: number;
  readonly aTime: number;
}

/** Commits rows with an outbox, and hands each event to JetStream. */
export function bareTelling(client: NatsConnection, folder: string) {
  const raw = openRaw(`${folder}/bare-telling.db`, entryTable + outboxTable);
  const enter = raw.sqlite.prepare("INSERT INTO entry (id, account, amount) VALUES (?, ?, ?)");
  const emit = raw.sqlite.prepare("INSERT INTO outbox (payload, at_ms) VALUES (?, ?)");
  const stream = jetstream(client, { apiPrefix: JETSTREAM_API });
  const subject = eventSubject("bare-telling", "told");
  let underway = 0;
  let waiting = () => {};

  async function publish(payload: string): Promise<void> {
    while (underway >= UNDERWAY_MAX) {
      await new Promise<void>((resolve) => {
        waiting = resolve;
      });
    }
    underway++;
    void stream.publish(subject, payload).then(() => {
      underway--;
      waiting();
    });
  }

  function tell(aTime: number): string[] {
    return Array.from({ length: aTime }, (_, index) => {
      const entry = {
        entryId: `ent_${Bun.randomUUIDv7()}`,
        account: `acc-${index % 100}`,
        amount: 7,
      };
      enter.run(entry.entryId, entry.account, entry.amount);
      const payload = JSON.stringify(entry);
      emit.run(payload, Date.now());
      return payload;
    });
  }

  return async ({ count, aTime }: BareTelling): Promise<{ startedAtMs: number }> => {
    const startedAtMs = Date.now();
    for (let told = 0; told < count; told += aTime) {
      const payloads = await raw.run(() => tell(aTime));
      for (const payload of payloads) await publish(payload);
    }
    return { startedAtMs };
  };
}

/** Takes events from JetStream: their rows and the position in one commit, then the acks. */
export async function bareHearing(client: NatsConnection, folder: string) {
  const raw = openRaw(`${folder}/bare-hearing.db`, entryTable + outboxTable);
  const enter = raw.sqlite.prepare("INSERT INTO entry (id, account, amount) VALUES (?, ?, ?)");
  const move = raw.sqlite.prepare("INSERT OR REPLACE INTO inbox VALUES ('telling', ?)");
  const known = raw.sqlite.prepare<[], { position: number }>("SELECT position FROM inbox");
  let arrived: JsMsg[] = [];
  let heard = 0;

  async function takeIn(): Promise<void> {
    while (arrived.length > 0) {
      const batch = arrived;
      arrived = [];
      await raw.run(() => {
        const position = known.get()?.position ?? 0;
        for (const { seq, data } of batch) {
          const { entryId, account, amount } = JSON.parse(decoder.decode(data));
          if (seq > position) enter.run(entryId, account, amount);
        }
        move.run(batch.at(-1)?.seq);
      });
      heard += batch.length;
      for (const msg of batch) msg.ack();
    }
    running = false;
  }

  let running = false;
  const consumers = jetstream(client, { apiPrefix: JETSTREAM_API }).consumers;
  const consumer = await consumers.get(streamOf("bare-telling"), "bare-hearing");
  await consumer.consume({
    max_messages: AHEAD_MAX,
    callback(msg) {
      arrived.push(msg);
      if (running) return;
      running = true;
      void takeIn();
    },
  });
  return async ({ count }: { count: number }): Promise<{ atMs: number }> => {
    while (heard < count) await Bun.sleep(2);
    return { atMs: Date.now() };
  };
}
