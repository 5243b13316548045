import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { authorisation, SimulatorFolder } from "../testing/simulator-folder.ts";
import { Journal } from "./journal.ts";

/** The size limit of one file, in blocks of 512 bytes, the unit of `ulimit -f`. */
const LIMIT_BLOCKS = 16;
const testing = new URL("../../../runtime/testing", import.meta.url).pathname;

/**
 * Authorises until its journal cannot grow any more, and five times more once it is told that it
 * can: a process of its own, whose files are limited.
 */
const fillingUp = `
  import { silent } from ${JSON.stringify(`${testing}/silent-log.ts`)};
  import { virtualEnvironment } from ${JSON.stringify(`${testing}/virtual-environment.ts`)};
  import { openSimulator } from ${JSON.stringify(`${import.meta.dir}/simulator.ts`)};
  const world = { ...virtualEnvironment(), log: silent, guard: () => (work) => work() };
  const folder = () => process.argv.at(-1);
  const about = { folder, publicUrl: "http://shop.test", development: true };
  const port = { secret: "whsec_test", deliver: async () => false };
  const simulator = openSimulator({ ...world, ...about }, port);
  let count = 0;
  async function authorise(times) {
    const acknowledged = [], refused = [];
    while (acknowledged.length < times && refused.length < 2) {
      count += 1;
      const metadata = { paymentId: "pay_1", orderId: "ord_1", attempt: 1, operationId: "op" };
      const request = { operationId: "op_" + count, amount: 900, currency: "EUR", metadata };
      await simulator.authorise({ ...request, token: "tok_ok" }).then(
        ({ id }) => acknowledged.push(id),
        ({ code }) => refused.push(code),
      );
    }
    console.log(JSON.stringify({ acknowledged, refused }));
  }
  await authorise(Infinity);
  for await (const line of console) if (line === "room") break;
  await authorise(5);
  process.exit(0);
`;

let folder: SimulatorFolder;
beforeEach(() => {
  folder = new SimulatorFolder();
});
afterEach(() => folder[Symbol.dispose]());

describe("the journal of a simulator whose disk is full", () => {
  test("holds what was acknowledged, whole, and goes on when there is room", async () => {
    const limited = `trap '' XFSZ; ulimit -S -f ${LIMIT_BLOCKS}; exec "$0" "$@"`;
    const command = [process.execPath, "-e", fillingUp, folder.path];
    const child = Bun.spawn(["sh", "-c", limited, ...command], {
      stdin: "pipe",
      stdout: "pipe",
      stderr: "inherit",
    });
    const lines = linesOf(child.stdout);
    const full = JSON.parse((await lines.next()).value ?? "");
    expect(full.refused).toEqual(["EFBIG", "EFBIG"]);
    expect(full.acknowledged.length).toBeGreaterThan(5);
    expect(statSync(folder.journal).size).toBeLessThan(LIMIT_BLOCKS * 512);
    expect(readFileSync(folder.journal, "utf8").endsWith("}\n")).toBe(true);

    const raised = Bun.spawnSync(["prlimit", "--pid", `${child.pid}`, "--fsize=unlimited:"]);
    expect(raised.exitCode).toBe(0);
    child.stdin.write("room\n");
    child.stdin.end();
    const later = JSON.parse((await lines.next()).value ?? "");
    expect(await child.exited).toBe(0);

    const warnings: unknown[] = [];
    const simulator = folder.open({ warnings });
    for (const id of [...full.acknowledged, ...later.acknowledged]) {
      expect((await simulator.intentOf({ reference: id }))?.amount).toBe(900);
    }
    expect(later.acknowledged).toHaveLength(5);
    expect(warnings).toEqual([]);
    simulator.close();
  });

  test("passes over a last line that was cut, says so, and goes on before it", async () => {
    const simulator = folder.open();
    const [one, other] = [
      await simulator.authorise(authorisation("op_1")),
      await simulator.authorise(authorisation("op_2")),
    ];
    simulator.close();
    truncateSync(folder.journal, statSync(folder.journal).size - 30);

    const warnings: unknown[] = [];
    const again = folder.open({ warnings });
    expect(await again.intentOf({ reference: other.id })).toBeNull();
    expect((await again.authorise(authorisation("op_2"))).id).toBe(other.id);
    again.close();
    const last = folder.open();
    expect((await last.intentOf({ reference: one.id }))?.id).toBe(one.id);
    expect((await last.intentOf({ reference: other.id }))?.id).toBe(other.id);
    last.close();
    const message = "the journal of the payment simulator held what is no whole line";
    expect(warnings).toMatchObject([{ message, passedOverBytes: 0 }]);
  });

  test("finds the line behind one that an older version has left cut", async () => {
    const simulator = folder.open();
    const whole = [
      await simulator.authorise(authorisation("op_1")),
      await simulator.authorise(authorisation("op_2")),
    ];
    simulator.close();
    const [first = "", second = ""] = readFileSync(folder.journal, "utf8").split("\n");
    writeFileSync(folder.journal, `${first.slice(0, 200)}${"\0".repeat(90)}${first}\n${second}\n`);
    appendFileSync(folder.journal, `${"\0".repeat(40)}\n`);

    const warnings: unknown[] = [];
    const again = folder.open({ warnings });
    for (const { id } of whole) expect((await again.intentOf({ reference: id }))?.id).toBe(id);
    again.close();
    expect(warnings).toMatchObject([{ passedOverBytes: 331, cutOffBytes: 0 }]);
  });

  test("is not rewritten by half: it stays as it was", async () => {
    const warnings: unknown[] = [];
    const simulator = folder.open();
    const { id } = await simulator.authorise(authorisation("op_1"));
    simulator.close();
    const journal = new Journal(folder.world({ warnings }).world, { compactAtBytes: 4_000 });
    const line = journal.newest(id);
    if (line === undefined) throw new Error("The journal lacks what the simulator wrote.");
    // Nothing can be written where a folder is.
    mkdirSync(`${folder.journal}.new`);
    for (let n = 0; n < 30; n++) journal.append({ ...line, key: `key_${n}` });
    expect(journal.answerTo("key_29")?.intent.id).toBe(id);
    expect(journal.answerTo("key_0")?.intent.id).toBe(id);
    expect(warnings[0]).toMatchObject({
      message: "a journal could not be rewritten without its old lines",
    });
    journal.close();
  });
});

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, string> {
  let rest = "";
  const decoder = new TextDecoder();
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
  return rest;
}
