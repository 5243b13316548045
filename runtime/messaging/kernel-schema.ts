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
    name: "0002_dead_letter_retries",
    sql: `
-- What an event that was set aside is about, how often it was tried, and when it is tried again:
-- never by itself where that is null, as it waits for an earlier one or was given up.
ALTER TABLE cleave_dead_letter ADD COLUMN message_key TEXT;
ALTER TABLE cleave_dead_letter ADD COLUMN attempts INTEGER NOT NULL DEFAULT 1;
ALTER TABLE cleave_dead_letter ADD COLUMN next_attempt_at_ms INTEGER;
CREATE INDEX cleave_dead_letter_key ON cleave_dead_letter (source, message_key)
  WHERE message_key IS NOT NULL;
CREATE INDEX cleave_dead_letter_due ON cleave_dead_letter (next_attempt_at_ms)
  WHERE next_attempt_at_ms IS NOT NULL;

-- How many events of the producer were set aside since one last went through.
ALTER TABLE cleave_inbox ADD COLUMN set_aside INTEGER NOT NULL DEFAULT 0;
`,
  },
  {
    name: "0002b_removed_events",
    sql: `
-- What retention has removed from the outbox, by name and thousand of seqs, so that a consumer that
-- comes back behind it is told how many events it misses.
CREATE TABLE cleave_outbox_removed (
  part INTEGER NOT NULL,
  event TEXT NOT NULL,
  removed INTEGER NOT NULL,
  last_seq INTEGER NOT NULL,
  PRIMARY KEY (part, event)
) STRICT, WITHOUT ROWID;

-- By event, up to which seq a reader does not miss what was removed: it did not read it then.
ALTER TABLE cleave_reader ADD COLUMN since TEXT NOT NULL DEFAULT '{}';
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
  {
    name: "0004_saga_steps",
    sql: `
-- What the step under way must find again when it is repeated: its clock, and the inputs of
-- commands that it called after it read the clock.
ALTER TABLE cleave_saga ADD COLUMN step_notes TEXT;

-- Whether the names that steps give to calls are in their keys; 0 for sagas begun before.
ALTER TABLE cleave_saga ADD COLUMN has_named_keys INTEGER NOT NULL DEFAULT 0;
`,
  },
  {
    name: "0004_answers_kept",
    sql: `
-- Since when each caller may still repeat its keyed commands: answers to it are kept from then on.
-- What was called before this table was there is kept until its caller tells.
CREATE TABLE cleave_caller (
  name TEXT PRIMARY KEY,
  repeats_since_ms INTEGER NOT NULL,
  told_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO cleave_caller SELECT DISTINCT caller, 0, 0 FROM cleave_answer
  WHERE caller <> 'gateway';
DROP INDEX cleave_answer_age;
CREATE INDEX cleave_answer_age ON cleave_answer (caller, answered_at_ms);

-- Ended sagas whose rows were removed: none of them is started again under its id.
CREATE TABLE cleave_past_saga (
  name TEXT NOT NULL,
  id TEXT NOT NULL,
  ended_at_ms INTEGER NOT NULL,
  PRIMARY KEY (name, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX cleave_past_saga_age ON cleave_past_saga (ended_at_ms);

-- What may be repeated since when: the oldest of each.
CREATE INDEX cleave_saga_begun ON cleave_saga (started_at_ms)
  WHERE state NOT IN ('completed', 'compensated');
CREATE INDEX cleave_dead_letter_jobs ON cleave_dead_letter (died_at_ms) WHERE kind = 'job';
`,
  },
  {
    name: "0005_stuck_sagas",
    sql: `
-- How many sagas wait for a person, and since when the oldest of them is under way.
CREATE INDEX cleave_saga_stuck ON cleave_saga (started_at_ms) WHERE state = 'stuck';
`,
  },
  {
    name: "0006_database_id",
    sql: `
-- Which database this is, in one row: no other has its id, but for copies of it.
CREATE TABLE cleave_database (id TEXT NOT NULL) STRICT;
`,
  },
];
