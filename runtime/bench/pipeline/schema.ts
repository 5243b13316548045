// The tables of the hand-written pipeline: as few as the same facts need, in seven databases.

const answer = `
CREATE TABLE answer (
  caller TEXT NOT NULL, key TEXT NOT NULL, procedure TEXT NOT NULL, request_hash TEXT NOT NULL,
  answer TEXT NOT NULL, answered_at_ms INTEGER NOT NULL, PRIMARY KEY (caller, key, procedure)
) STRICT, WITHOUT ROWID;
CREATE INDEX answer_age ON answer (answered_at_ms);`;

const outbox = `
CREATE TABLE outbox (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL, payload TEXT NOT NULL,
  trace_id TEXT NOT NULL, occurred_at_ms INTEGER NOT NULL
) STRICT;`;

const job = `
CREATE TABLE job (
  command TEXT NOT NULL, key TEXT NOT NULL, input TEXT NOT NULL, due_at_ms INTEGER NOT NULL,
  PRIMARY KEY (command, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX job_due ON job (due_at_ms);`;

const inbox = `
CREATE TABLE inbox (producer TEXT PRIMARY KEY, position INTEGER NOT NULL) STRICT, WITHOUT ROWID;`;

/** The schema of each database. */
export const schemas = {
  users: "CREATE TABLE account (id TEXT PRIMARY KEY) STRICT;",
  products: `
CREATE TABLE variant (
  id TEXT PRIMARY KEY, title TEXT NOT NULL, sku TEXT NOT NULL, price INTEGER NOT NULL,
  weight_grams INTEGER NOT NULL
) STRICT;`,
  inventory: `${answer}${outbox}${job}
CREATE TABLE level (
  variant_id TEXT PRIMARY KEY, on_hand INTEGER NOT NULL, held INTEGER NOT NULL,
  committed INTEGER NOT NULL,
  CHECK (held >= 0 AND committed >= 0 AND held + committed <= on_hand)
) STRICT, WITHOUT ROWID;
CREATE TABLE reservation (
  order_id TEXT PRIMARY KEY, state TEXT NOT NULL, until_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE reservation_line (
  order_id TEXT NOT NULL, variant_id TEXT NOT NULL, quantity INTEGER NOT NULL,
  PRIMARY KEY (order_id, variant_id)
) STRICT, WITHOUT ROWID;`,
  orders: `${answer}${outbox}
CREATE TABLE cart (
  id TEXT PRIMARY KEY, version INTEGER NOT NULL, state TEXT NOT NULL, email TEXT NOT NULL,
  address TEXT NOT NULL, lines TEXT NOT NULL, total INTEGER NOT NULL
) STRICT;
CREATE TABLE "order" (
  number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, cart_id TEXT NOT NULL, status TEXT NOT NULL,
  email TEXT NOT NULL, total INTEGER NOT NULL, snapshot TEXT NOT NULL, timeline TEXT NOT NULL,
  placed_at_ms INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX order_live ON "order" (cart_id) WHERE status <> 'rejected';
CREATE TABLE saga (
  id TEXT PRIMARY KEY, state TEXT NOT NULL, step INTEGER NOT NULL, input TEXT NOT NULL,
  done TEXT NOT NULL, changed_at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX saga_live ON saga (id) WHERE state <> 'completed';`,
  payments: `${answer}${outbox}
CREATE TABLE payment (
  id TEXT PRIMARY KEY, order_id TEXT NOT NULL, state TEXT NOT NULL, total INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX payment_live ON payment (order_id) WHERE state <> 'declined';
CREATE TABLE operation (
  id TEXT PRIMARY KEY, payment_id TEXT NOT NULL, kind TEXT NOT NULL, amount INTEGER NOT NULL,
  state TEXT NOT NULL
) STRICT;
CREATE TABLE entry (
  id INTEGER PRIMARY KEY, payment_id TEXT NOT NULL, kind TEXT NOT NULL, amount INTEGER NOT NULL,
  provider_ref TEXT NOT NULL, at_ms INTEGER NOT NULL
) STRICT;`,
  shipping: `${answer}${outbox}
CREATE TABLE fulfilment (
  order_id TEXT PRIMARY KEY, option_id TEXT NOT NULL, address TEXT NOT NULL
) STRICT;
CREATE TABLE shipment (
  id TEXT PRIMARY KEY, order_id TEXT NOT NULL, state TEXT NOT NULL, lines TEXT NOT NULL
) STRICT;
CREATE INDEX shipment_order ON shipment (order_id);`,
  notifications: `${outbox}${inbox}${job}
CREATE TABLE mail (
  id TEXT PRIMARY KEY, template TEXT NOT NULL, recipient TEXT NOT NULL, subject TEXT NOT NULL,
  body TEXT NOT NULL, state TEXT NOT NULL, created_at_ms INTEGER NOT NULL
) STRICT;`,
};
