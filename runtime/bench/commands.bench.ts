import { join } from "node:path";
import { kernelMigrations } from "../messaging/kernel-schema.ts";
import type { Figure } from "./figure.ts";
import { temporaryFolder } from "./folder.ts";
import { openRaw } from "./raw-group-commit.ts";
import { interleaved } from "./rounds.ts";
import { ledger } from "./specimen/contracts.ts";
import { host } from "./specimen/hosted.ts";
import { ledgerModule, ledgerTables } from "./specimen/modules.ts";

const CALLERS = 64;
const COMMANDS = 10_000;
const ROUNDS = 5;
const SHARE_MIN = 0.5;
const ACCOUNTS = 100;

interface Booking {
  readonly account: string;
  readonly amount: number;
  readonly note: string;
}

type Book = (booking: Booking, key: string) => Promise<unknown>;

/** Durable commands per second of one module, beside the same statements by hand. */
export async function commandsBench(): Promise<Figure[]> {
  using folder = temporaryFolder();
  using rawFolder = temporaryFolder();
  await using hosted = await host([ledgerModule], folder.path);
  const raw = rawBook(join(rawFolder.path, "raw.db"));
  const { ours, yardstick } = await interleaved(
    ROUNDS,
    () => rateOf((booking, key) => hosted.call(ledger.book, booking, { key })),
    () => rateOf(raw),
  );
  const ratio = ours.median / yardstick.median;
  return [
    {
      what: `durable commands, ${CALLERS} callers, FULL`,
      unit: "/s",
      ours,
      yardstick: { name: "raw group commit", ...yardstick },
      ratio,
      goal: `≥ ${SHARE_MIN * 100} %`,
      met: ratio >= SHARE_MIN,
      beside: {},
    },
  ];
}

/** Commands per second with each caller waiting for its answer before the next one. */
async function rateOf(book: Book): Promise<number> {
  let next = 0;
  async function caller(): Promise<void> {
    while (next < COMMANDS) {
      const number = next++;
      const booking = { account: `acc-${number % ACCOUNTS}`, amount: 7, note: "a booking" };
      await book(booking, crypto.randomUUID());
    }
  }
  const startedMs = performance.now();
  await Promise.all(Array.from({ length: CALLERS }, caller));
  return COMMANDS / ((performance.now() - startedMs) / 1_000);
}

/** The same statements: stored answer looked up and written, entry, balance, event. */
function rawBook(file: string): Book {
  const raw = openRaw(file, `${ledgerTables}${kernelMigrations.map(({ sql }) => sql).join("")}`);
  const prepare = (sql: string) => raw.sqlite.prepare<unknown[], { balance: number }>(sql);
  const known = prepare(
    "SELECT answer FROM cleave_answer WHERE caller = ? AND key = ? AND procedure = ?",
  );
  const store = prepare("INSERT INTO cleave_answer VALUES (?, ?, ?, ?, ?, ?)");
  const enter = prepare("INSERT INTO entry VALUES (?, ?, ?, ?, ?)");
  const move = prepare(
    `INSERT INTO account VALUES (?, ?)
     ON CONFLICT (id) DO UPDATE SET balance = balance + excluded.balance`,
  );
  const balanceOf = prepare("SELECT balance FROM account WHERE id = ?");
  const emit = prepare(
    `INSERT INTO cleave_outbox (event, version, payload, trace_id, occurred_at_ms)
     VALUES (?, ?, ?, ?, ?)`,
  );
  return (booking, key) =>
    raw.run(() => {
      const { account, amount, note } = booking;
      if (known.get("gateway", key, "book") !== undefined) return undefined;
      const nowMs = Date.now();
      const entryId = `ent_${Bun.randomUUIDv7()}`;
      enter.run(entryId, account, amount, note, nowMs);
      move.run(account, amount);
      const balance = balanceOf.get(account)?.balance ?? 0;
      const payload = JSON.stringify({ entryId, account, amount });
      emit.run("booked", 1, payload, crypto.randomUUID(), nowMs);
      const hash = new Bun.CryptoHasher("sha256").update(JSON.stringify(booking)).digest("base64");
      const answer = { entryId, balance };
      store.run("gateway", key, "book", hash, JSON.stringify(answer), nowMs);
      return answer;
    });
}
