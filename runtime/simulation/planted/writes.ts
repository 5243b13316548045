import type { PlantedBug } from "../plant.ts";

/** Bugs in how a module writes, answers and keeps its timers. */
export const writeBugs: readonly PlantedBug[] = [
  {
    name: "a command is answered before its commit",
    why: "A caller is told of an effect that a full disk then refuses.",
    file: "runtime/store/group-commit.ts",
    find: "      this.#commit.run();",
    replace: "      for (const unit of units) answer(unit);\n      this.#commit.run();",
    says: /failed: |not at rest|has no mail/,
    faults: { "disk-full": 0.05 },
  },
  {
    name: "answers are not kept",
    why: "A command that is repeated with its key is carried out twice.",
    file: "runtime/module/dispatcher.ts",
    find: "        storeAnswer(tx, key, {",
    replace: "        if (key.key === '') storeAnswer(tx, key, {",
    says: /answered the same key|failed: /,
    faults: { "asked-again": 0.2 },
  },
  {
    name: "what a refused unit wrote stays",
    why: "A command that fails half-way leaves its first half.",
    file: "runtime/store/group-commit.ts",
    find: "      this.#undo.run();\n",
    replace: "",
    says: /the books agree|failed: |not at rest/,
  },
  {
    name: "timers are lost at a restart",
    why: "What was planned before a process was killed is not looked for again.",
    file: "runtime/messaging/jobs.ts",
    find: "  start(): void {\n    this.#check();",
    replace: "  start(): void {",
    says: /is due/,
    topology: "monolith",
    faults: { "kill-any": 0.02, "outside-lost": 0.3 },
  },
  {
    name: "a timer that fails is dropped",
    why: "A job that cannot be written at first is not tried again.",
    file: "runtime/messaging/jobs.ts",
    find: "    statements(tx).postpone.run(attempts, tx.now + pauseMs, command, key, dueAtMs);",
    replace: "    finishJob(tx, job);",
    says: /is queued, and nothing will send it|not at rest/,
    faults: { "disk-busy": 0.05, "disk-full": 0.05 },
  },
  {
    name: "a timer stays after it has run",
    why: "A job that has run is planned once more.",
    file: "runtime/messaging/jobs.ts",
    find: `    \`DELETE FROM cleave_job
     WHERE command = ? AND key = ? AND due_at_ms = ? AND trace_id = ?\`,`,
    replace: `    \`UPDATE cleave_job SET due_at_ms = due_at_ms + 300000
     WHERE command = ? AND key = ? AND due_at_ms = ? AND trace_id = ?\`,`,
    says: /and yet to be sent once more/,
  },
  {
    name: "a refusal that was committed is not kept under its key",
    why: "Asked again for want of an answer, a failed login counts twice.",
    file: "runtime/module/dispatcher.ts",
    find: "if (requestHash !== undefined) {",
    replace: "if (requestHash !== undefined && !isDomainError(answer)) {",
    says: /users.logIn refused: TOO_MANY_ATTEMPTS/,
  },
];
