import { describe, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import type { Environment } from "../contract/environment.ts";
import { ownerLock } from "../store/owner-lock.ts";
import { eventually } from "../testing/eventually.ts";
import { silent } from "../testing/silent-log.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { serverFiles } from "../transport/nats/server-config.ts";
import { openBroker } from "./nats.ts";
import { realEnvironment } from "./real-environment.ts";
import { StartError } from "./start-error.ts";

/** A server that notes its life in a file and is never ready. */
function slowServer(
  folder: string,
  atStop = "exit 0",
): { readonly executable: string; notes(): string } {
  const path = `${folder}/slow-server`;
  const notes = `${folder}/notes`;
  writeFileSync(
    path,
    `#!/bin/sh
[ "$1" = --version ] && { echo "nats-server: v2.10.0"; exit; }
trap 'echo ended >>${notes}; ${atStop}' TERM
echo began >>${notes}
while :; do sleep 0.05; done
`,
  );
  chmodSync(path, 0o755);
  return { executable: path, notes: () => (existsSync(notes) ? readFileSync(notes, "utf8") : "") };
}

function needs(folder: string, executable?: string) {
  return { modules: [], folder, executable, environment: realEnvironment(), log: silent };
}

/** The real environment, in which twenty times as much time passes. */
function hurried(): Environment {
  const real = realEnvironment();
  const monotonic = () => real.monotonic() * 20;
  return { ...real, monotonic, after: (ms, work) => real.after(ms / 20, work) };
}

describe("the broker of a data folder", () => {
  test("is refused at once where another one runs", () => {
    using folder = temporaryFolder();
    const { store, lock } = serverFiles(folder.path);
    mkdirSync(store, { recursive: true });
    const unlock = ownerLock(lock, "nats-server");
    expect(() => openBroker(needs(folder.path))).toThrow(
      new StartError(
        `A system of several processes runs over ${folder.path} already, with a nats-server of ` +
          "its own. Stop it first, or start this one with another DATA_DIR.",
      ),
    );
    unlock();
    expect(openBroker(needs(folder.path)).url).toMatch(/^nats:\/\/127\.0\.0\.1:\d+$/);
  });

  test("leaves no server behind when it is told to stop while that one starts", async () => {
    using folder = temporaryFolder();
    const server = slowServer(folder.path);
    const run = openBroker(needs(folder.path, server.executable)).start();
    await eventually(
      async () => server.notes(),
      (notes) => notes === "began\n",
    );
    run.signal("SIGTERM");
    expect(await run.ended).toBe("was stopped");
    expect(server.notes()).toBe("began\nended\n");
  });

  test("ends also when its address cannot be forgotten, and says so", async () => {
    using folder = temporaryFolder();
    const server = slowServer(folder.path);
    const errors: unknown[] = [];
    const log = { ...silent, error: (...said: unknown[]) => void errors.push(said) };
    const run = openBroker({ ...needs(folder.path, server.executable), log }).start();
    await eventually(
      async () => server.notes(),
      (notes) => notes === "began\n",
    );
    mkdirSync(`${folder.path}/nats/url`);
    run.signal("SIGTERM");
    expect(await run.ended).toBe("was stopped");
    expect(errors).toMatchObject([["the broker did not stop as it should", { error: {} }]]);
  });

  test("kills one that is deaf while it starts, however soon the killer ends", async () => {
    using folder = temporaryFolder();
    const server = slowServer(folder.path, ":");
    const asleep: Environment = { ...realEnvironment(), after: () => () => {} };
    const about = { ...needs(folder.path, server.executable), environment: asleep };
    const run = openBroker(about).start();
    for (const [signal, noted] of [
      ["SIGTERM", "began\n"],
      ["SIGKILL", "began\nended\n"],
    ] as const) {
      await eventually(
        async () => server.notes(),
        (notes) => notes === noted,
      );
      run.signal(signal);
    }
    expect(await run.ended).toBe("was stopped");
  });

  test("is ended, by force, when it does not answer any more", async () => {
    using folder = temporaryFolder();
    const about = needs(folder.path, process.env["NATS_SERVER"]);
    const run = openBroker({ ...about, environment: hurried() }).start();
    await run.ready;
    const pid = Number(readFileSync(serverFiles(folder.path).pid, "utf8"));

    process.kill(pid, "SIGSTOP");

    expect(await run.ended).toBe("did not answer for more than 10000 ms");
    expect(() => process.kill(pid, 0)).toThrow("ESRCH");
  }, 60_000);

  test("says why it ended when it could not be begun", async () => {
    using folder = temporaryFolder();
    const broken = `${folder.path}/broken-server`;
    const answer = '[ "$1" = --version ] && { echo "nats-server: v2.10.0"; exit; }';
    writeFileSync(broken, `#!/bin/sh\n${answer}\necho "no room" >&2\nexit 1\n`);
    chmodSync(broken, 0o755);
    const run = openBroker(needs(folder.path, broken)).start();
    expect(await run.ended).toBe(
      "could not be begun (nats-server did not start. It said: no room)",
    );
  });
});
