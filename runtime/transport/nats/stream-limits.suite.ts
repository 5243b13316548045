import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { eventually } from "../../testing/eventually.ts";
import { links } from "../../testing/links.ts";
import { silent } from "../../testing/silent-log.ts";
import type { Manifest } from "../manifest.ts";
import type { Link } from "./link.ts";
import type { GuardedBroker } from "./permissions.suite.ts";

/** A producer of events and a reader. */
export const limitedManifest: Manifest = [
  links("shelf", { events: ["taken"] }),
  links("desk", { reads: [{ producer: "shelf", events: ["taken"] }] }),
];

const EVENT_BYTES = 1_000;

/** What a broker does that keeps at most 10 500 bytes of each stream. */
export function streamLimitsSuite(
  name: string,
  { open }: { readonly open: (streamBytesMax: number) => Promise<GuardedBroker> },
): void {
  describe(`a stream keeps within its limits ${name}`, () => {
    let broker: GuardedBroker;
    let shelf: Link;
    let desk: Link;
    beforeEach(async () => {
      broker = await open(10_500);
      shelf = await broker.connect("shelf", silent);
      desk = await broker.connect("desk", silent);
    });
    afterEach(async () => {
      await Promise.all([shelf.close(), desk.close()]);
      await broker[Symbol.asyncDispose]();
    });

    /** Appends events up to a sequence; the payload says which is which. */
    async function appendUpTo(last: number): Promise<void> {
      for (let sequence = 1; sequence <= last; sequence++) {
        const payload = String(sequence).padStart(EVENT_BYTES, "0");
        await append(payload, sequence - 1);
      }
    }
    const append = (payload: string, lastSequence: number) => {
      const about = { headers: "cleave-seq: 1\r\n", lastSequence, timeoutMs: 5_000 };
      return shelf.append("ev.shelf.0.taken", payload, about);
    };

    test("of bytes, by what is oldest, and goes on counting", async () => {
      await appendUpTo(20);
      expect(await shelf.streamEnd("EV_shelf")).toEqual({ messages: 9, lastSeq: 20, missing: 0 });
      expect(await shelf.stored("EV_shelf", 11)).toBeUndefined();
      expect(Number((await shelf.stored("EV_shelf", 12))?.string())).toBe(12);
    });

    test("of bytes, though a reader has not had what goes", async () => {
      await appendUpTo(20);
      const read: number[] = [];
      const about = { stream: "EV_shelf", consumer: "desk", aheadMax: 8 };
      const reading = await desk.read(about, (message) => {
        read.push(Number(message.string()));
        message.ack();
      });
      await eventually(
        async () => read,
        (all) => all.includes(20),
      );
      expect(read).toEqual([12, 13, 14, 15, 16, 17, 18, 19, 20]);
      await reading.close();
    });

    test("of one event, by not taking it, and takes the next", async () => {
      const refused = append("x".repeat(shelf.payloadBytesMax), 0).then(() => "taken", String);
      expect(await refused).not.toBe("taken");
      await append("small", 0);
      expect(await shelf.streamEnd("EV_shelf")).toEqual({ messages: 1, lastSeq: 1, missing: 0 });
    });
  });
}
