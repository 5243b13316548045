import { expect, test } from "bun:test";
import { jetstreamManager } from "@nats-io/jetstream";
import { Broker } from "../../testing/broker.ts";
import { consumer, Log } from "../../testing/event-log.ts";
import { eventually } from "../../testing/eventually.ts";
import { links } from "../../testing/links.ts";
import { asModule } from "../../testing/nats-server.ts";
import { silent } from "../../testing/silent-log.ts";
import { isOlder } from "./executable.ts";

// A consumer is sent the events that it declares, as far as the server can filter; the gaps that
// this leaves are no losses, and losses are still noticed.

const wanted = { desk: ["taken"], till: ["put", "sold"], door: ["taken", "put", "sold", "left"] };
const manifest = [
  links("shelf", { events: ["taken", "put", "sold", "left"] }),
  ...Object.entries(wanted).map(([name, events]) =>
    links(name, { reads: [{ producer: "shelf", events }] }),
  ),
];
const names = Object.keys(wanted) as (keyof typeof wanted)[];
const ROUNDS = 60;

test("a consumer is sent what it declares, in order, and all of it after a loss", async () => {
  await using closing = new AsyncDisposableStack();
  const broker = closing.use(await Broker.open(manifest));
  const producing = await broker.connect({ users: ["shelf"] });
  closing.defer(() => producing.close());
  const reading = await broker.connect({ users: names });
  closing.defer(() => reading.close());
  const log = new Log();
  const publish = producing.publish(log);
  const readers = names.map((name) => ({ name, ...consumer(name, wanted[name]) }));
  for (const { subscription } of readers) reading.subscribe(subscription);
  const commit = () => {
    for (let round = 0; round < ROUNDS; round++) {
      publish(log.append("taken", "left", "put", "left", "sold", "taken", "left"));
    }
  };
  const allArrived = async () => {
    for (const { name, seqs } of readers) {
      const events: readonly string[] = wanted[name];
      const due = log.all.filter(({ event }) => events.includes(event)).map(({ seq }) => seq);
      await eventually(
        async () => seqs.length,
        (count) => count >= due.length,
      );
      expect(seqs).toEqual(due);
    }
  };
  commit();
  await allArrived();

  const sent = new Map<string, number>();
  const link = await broker.link("shelf", silent);
  closing.defer(() => link.close());
  const manager = await jetstreamManager(link.client, { ...asModule, checkAPI: false });
  for (const name of names) {
    const info = await manager.consumers.info("EV_shelf", name);
    sent.set(name, info.delivered.consumer_seq - info.num_redelivered);
  }
  const isOld = isOlder(link.client.info?.version ?? "", "2.10.0");
  expect(Object.fromEntries(sent)).toEqual({
    desk: 2 * ROUNDS,
    till: (isOld ? 7 : 2) * ROUNDS,
    door: 7 * ROUNDS,
  });

  commit();
  await broker.wipe();
  commit();
  await allArrived();
}, 60_000);
