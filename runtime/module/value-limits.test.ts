import { describe, expect, test } from "bun:test";
import { VALUE_BYTES_MAX } from "../contract/size.ts";
import {
  command,
  contract,
  defineModule,
  event,
  handler,
  query,
  type Read,
  reaction,
  t,
} from "../index.ts";
import { connection } from "../store/connection.ts";
import { place, placements } from "../testing/place.ts";

const Text = t.Object({ text: t.String() });
const Sized = t.Object({ bytes: t.Integer(), ofEvent: t.Optional(t.Integer()) });

const archive = contract("archive", {
  echo: query({ input: Text, output: Text }),
  /** Answers with as many bytes as JSON. */
  read: query({ input: Sized, output: Text }),
  refuse: query({ input: Sized, output: t.Null(), errors: { UNREADABLE: Text } }),
  /** Keeps a page, emits an event of `ofEvent` bytes and answers with `bytes`. */
  keep: command({ input: Sized, output: Text }),
  /** Keeps a page, and throws away what it keeps. */
  spoil: command({ input: Sized, output: Text }),
  kept: query({ input: t.Object({}), output: t.Object({ pages: t.Integer() }) }),
  told: event(1, Text),
});
const index = contract("index", {
  entries: query({ input: t.Object({}), output: t.Object({ bytes: t.Array(t.Integer()) }) }),
});

/** A text whose object has so many bytes as JSON. */
const sized = (bytes: number) => ({ text: "x".repeat(bytes - '{"text":""}'.length) });
const pagesIn = (on: Read) =>
  on[connection].sqlite.prepare<[], { pages: number }>("SELECT count(*) AS pages FROM page").get();

const archiveModule = defineModule({
  contract: archive,
  schema: {},
  migrations: [
    { name: "0000_initial", sql: "CREATE TABLE page (number INTEGER PRIMARY KEY) STRICT" },
  ],
  handlers: {
    echo: handler(archive.echo, (input) => input),
    read: handler(archive.read, ({ bytes }) => sized(bytes)),
    refuse: handler(archive.refuse, ({ bytes }, { fail }) => {
      throw fail("UNREADABLE", sized(bytes));
    }),
    keep: handler(archive.keep, ({ bytes, ofEvent }, { transaction }) =>
      transaction((tx) => {
        tx[connection].sqlite.exec("INSERT INTO page DEFAULT VALUES");
        if (ofEvent !== undefined) tx.emit(archive.told, sized(ofEvent));
        return sized(bytes);
      }),
    ),
    spoil: handler(archive.spoil, ({ bytes }) => {
      throw new Error("x".repeat(bytes));
    }),
    kept: handler(archive.kept, (_input, { read }) => pagesIn(read) ?? { pages: -1 }),
  },
});

/** An archive, and an index that takes in what it tells. */
function openArchive(placement: (typeof placements)[number]) {
  const bytes: number[] = [];
  const indexModule = defineModule({
    contract: index,
    migrations: [],
    handlers: { entries: handler(index.entries, () => ({ bytes })) },
    reactions: [
      reaction(archive.told, (_tx, { text }) => {
        bytes.push(text.length + '{"text":""}'.length);
      }),
    ],
  });
  return place(placement, [archiveModule, indexModule], { duplicate: false });
}

const [fits, over] = [VALUE_BYTES_MAX, VALUE_BYTES_MAX + 1];
const tooLarge = (what: string, bytes = over) =>
  `${what} has ${bytes} bytes as JSON; what modules send one another has at most ` +
  `${VALUE_BYTES_MAX}. Send a page of a list at a time, and an id in place of large data.`;

describe.each(placements)("what modules send one another, %s,", (placement) => {
  test("may have 1 MiB as JSON, and not a byte more, as an input", async () => {
    await using archives = await openArchive(placement);
    expect(await archives.call(archive.echo, sized(fits))).toEqual(sized(fits));
    const refused = archives.call(archive.echo, sized(over));
    await expect(refused).rejects.toMatchObject({
      name: "ContractError",
      message: tooLarge("The input of archive.echo"),
      at: "",
    });
  });

  test("and as the answer of a query, or the data of an error", async () => {
    await using archives = await openArchive(placement);
    expect(await archives.call(archive.read, { bytes: fits })).toEqual(sized(fits));
    await expect(archives.call(archive.read, { bytes: over })).rejects.toMatchObject({
      name: "Defect",
      message: `archive.read failed: ${tooLarge("The output of archive.read")}`,
    });
    await expect(archives.call(archive.refuse, { bytes: fits })).rejects.toMatchObject({
      code: "UNREADABLE",
      data: sized(fits),
    });
    await expect(archives.call(archive.refuse, { bytes: over })).rejects.toMatchObject({
      name: "Defect",
      message: `archive.refuse failed: ${tooLarge("The data of archive.refuse UNREADABLE")}`,
    });
  });

  test.each([[undefined], ["once"]])(
    "and as the answer of a command, which is refused before it commits (key %p)",
    async (key) => {
      await using archives = await openArchive(placement);
      const options = key === undefined ? {} : { key };
      const kept = archives.call(archive.keep, { bytes: over }, options);
      await expect(kept).rejects.toMatchObject({
        name: "Defect",
        message: `archive.keep failed: ${tooLarge("The output of archive.keep")}`,
      });
      expect(await archives.call(archive.kept, {})).toEqual({ pages: 0 });
      const again = { ...options, ...(key !== undefined && { key: "twice" }) };
      for (let time = 0; time < 2; time++) {
        expect(await archives.call(archive.keep, { bytes: fits }, again)).toEqual(sized(fits));
      }
      expect(await archives.call(archive.kept, {})).toEqual({ pages: key === undefined ? 2 : 1 });
    },
  );

  test("and as an event, which undoes its change when it is larger", async () => {
    await using archives = await openArchive(placement);
    await expect(archives.call(archive.keep, { bytes: 100, ofEvent: over })).rejects.toMatchObject({
      name: "Defect",
      message: `archive.keep failed: ${tooLarge("The payload of archive.told")}`,
    });
    expect(await archives.call(archive.kept, {})).toEqual({ pages: 0 });
    await archives.call(archive.keep, { bytes: 100, ofEvent: fits });
    await archives.call(archive.keep, { bytes: 100, ofEvent: 100 });
    await archives.settle();
    expect(await archives.call(index.entries, {})).toEqual({ bytes: [fits, 100] });
  });

  test("takes no room from what goes with a call: a long key, a large identity", async () => {
    await using archives = await openArchive(placement);
    const userId = "é".repeat(8_000);
    const { call } = archives.as({ kind: "user", userId, role: "customer" });
    const key = "\n".repeat(4_096);
    expect(await call(archive.keep, { bytes: fits }, { key })).toEqual(sized(fits));
    await expect(call(archive.keep, { bytes: 100 }, { key: `${key}x` })).rejects.toThrow(
      "The key of a call of archive.keep has 4097 characters, and may have at most 4096.",
    );
    const larger = archives.as({ kind: "user", userId: userId.repeat(2), role: "customer" });
    await expect(larger.call(archive.kept, {})).rejects.toThrow(/^An identity has 32\d+ bytes/);
  });

  test("is told of a failure in a message that is cut", async () => {
    await using archives = await openArchive(placement);
    const error = await archives.call(archive.spoil, { bytes: over }).catch((met: unknown) => met);
    expect(error).toMatchObject({ name: "Defect" });
    expect((error as Error).message).toBe(
      `archive.spoil failed: ${"x".repeat(VALUE_BYTES_MAX)}`.slice(0, 4_096),
    );
  });
});
