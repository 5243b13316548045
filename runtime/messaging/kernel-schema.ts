import type { Migration } from "../store/migrate.ts";

/** The tables that the kernel keeps in every module's database, beside the module's own. */
export const kernelMigrations: readonly Migration[] = [
  {
    name: "0000_kernel",
    sql: `
-- Events committed with their change, in order, without gaps.
CREATE TABLE cleave_outbox (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  event TEXT NOT NULL,
  version INTEGER NOT NULL,
  payload TEXT NOT NULL,
  trace_id TEXT NOT NULL,
  occurred_at_ms INTEGER NOT NULL
) STRICT;

-- How far this module has taken in the events of each other module.
CREATE TABLE cleave_inbox (
  producer TEXT PRIMARY KEY,
  position INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Answers to keyed commands, written with the effect.
CREATE TABLE cleave_answer (
  caller TEXT NOT NULL,
  key TEXT NOT NULL,
  procedure TEXT NOT NULL,
  request_hash TEXT NOT NULL,
  answer TEXT NOT NULL,
  answered_at_ms INTEGER NOT NULL,
  PRIMARY KEY (caller, key, procedure)
) STRICT, WITHOUT ROWID;
CREATE INDEX cleave_answer_age ON cleave_answer (answered_at_ms);

-- Commands of this module to itself, to be run at a time.
CREATE TABLE cleave_job (
  command TEXT NOT NULL,
  key TEXT NOT NULL,
  input TEXT NOT NULL,
  due_at_ms INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  trace_id TEXT NOT NULL,
  PRIMARY KEY (command, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX cleave_job_due ON cleave_job (due_at_ms);

-- Events and jobs that were given up, with the reason.
CREATE TABLE cleave_dead_letter (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL CHECK (kind IN ('event', 'job')),
  source TEXT NOT NULL,
  name TEXT NOT NULL,
  key TEXT NOT NULL,
  payload TEXT NOT NULL,
  error TEXT NOT NULL,
  trace_id TEXT NOT NULL,
  died_at_ms INTEGER NOT NULL
) STRICT;

-- Processes across modules: where each stands.
CREATE TABLE cleave_saga (
  name TEXT NOT NULL,
  id TEXT NOT NULL,
  version INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (
    state IN ('running', 'waiting', 'compensating', 'stuck', 'completed', 'compensated')
  ),
  step INTEGER NOT NULL,
  input TEXT NOT NULL,
  done TEXT NOT NULL,
  failure TEXT,
  due_at_ms INTEGER,
  trace_id TEXT NOT NULL,
  started_at_ms INTEGER NOT NULL,
  changed_at_ms INTEGER NOT NULL,
  PRIMARY KEY (name, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX cleave_saga_live ON cleave_saga (name, id)
  WHERE state NOT IN ('completed', 'compensated');
CREATE INDEX cleave_saga_ended ON cleave_saga (changed_at_ms)
  WHERE state IN ('completed', 'compensated');
`,
  },
  {
    name: "0001_readers",
    sql: `
-- Who reads this module's events, and how far they have told they are.
CREATE TABLE cleave_reader (
  name TEXT PRIMARY KEY,
  events TEXT NOT NULL,
  position INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
`,
  },
  {
    name: "0003_saga_timers",
    sql: `
-- The time that the step that waits first asked for; it is late once that has passed.
ALTER TABLE cleave_saga ADD COLUMN wait_due_at_ms INTEGER;
-- Attempts at the step that failed last, and wake-ups so far.
ALTER TABLE cleave_saga ADD COLUMN attempts INTEGER NOT NULL DEFAULT 0;
ALTER TABLE cleave_saga ADD COLUMN wakes INTEGER NOT NULL DEFAULT 0;
-- 1 when steps beyond the recorded one may have run, as after a crash.
ALTER TABLE cleave_saga ADD COLUMN is_behind INTEGER NOT NULL DEFAULT 0;

-- A saga that rests has a due time now; one without it was interrupted, and runs again at a start.
UPDATE cleave_saga SET
  wait_due_at_ms = due_at_ms,
  due_at_ms = CASE state WHEN 'stuck' THEN 0 END,
  state = CASE state WHEN 'waiting' THEN 'running' ELSE state END,
  is_behind = 1
WHERE state NOT IN ('completed', 'compensated');

DROP INDEX cleave_saga_live;
CREATE INDEX cleave_saga_running ON cleave_saga (due_at_ms, started_at_ms)
  WHERE state IN ('running', 'compensating');
CREATE INDEX cleave_saga_waiting ON cleave_saga (due_at_ms) WHERE state IN ('waiting', 'stuck');
CREATE INDEX cleave_saga_version ON cleave_saga (name, version)
  WHERE state NOT IN ('completed', 'compensated');

-- The steps with which the sagas of a version that are under way were started.
CREATE TABLE cleave_saga_definition (
  name TEXT NOT NULL,
  version INTEGER NOT NULL,
  steps TEXT NOT NULL,
  PRIMARY KEY (name, version)
) STRICT, WITHOUT ROWID;
`,
  },
];
