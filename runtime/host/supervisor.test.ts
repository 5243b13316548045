import { describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { eventually } from "../testing/eventually.ts";
import { turns } from "../testing/stillness.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { virtualEnvironment } from "../testing/virtual-environment.ts";
import { type Run, startChild } from "./child.ts";
import { OWNED_ELSEWHERE } from "./child-protocol.ts";
import { supervisedStopMs } from "./stop-budgets.ts";
import { Supervisor } from "./supervisor.ts";
import { type Placement, placementsOf } from "./topology.ts";

/** A child that is ready at once, notes what happens to it in a file, and stops when asked. */
const obedient = `
  const { appendFileSync } = require("node:fs");
  const [name, notes] = process.argv.slice(-2);
  const note = (what) => appendFileSync(notes, what + " " + name + "\\n");
  process.on("SIGTERM", () => { note("stopped"); process.exit(0); });
  process.on("message", (asked) => process.send(asked));
  setInterval(() => {}, 1000);
  note("began");
  console.log("Cleave is ready");
`;
/** One that never hears of a wish to stop. */
const deaf = `${obedient} process.removeAllListeners("SIGTERM"); process.on("SIGTERM", () => {});`;
const refusing = `console.error("The data is damaged."); process.exit(1);`;
const ready = `console.log("Cleave is ready");`;

interface World extends Disposable {
  readonly supervisor: Supervisor;
  readonly environment: ReturnType<typeof virtualEnvironment>;
  /** What the children noted, in order. */
  notes(): string[];
  /** Waits until so many notes of this kind were taken. */
  noted(what: string, times?: number): Promise<unknown>;
  /** Log lines, parsed. */
  readonly log: Record<string, unknown>[];
  /** The last run of an instance. */
  run(name: string): Run;
  /** Whether there is room on the disk. */
  readonly room: { isThere: boolean };
}

const topology = { gateway: [], core: ["orders"], products: { readers: 1 } };

/** One whose event loop does not turn any more once it is asked whether it does. */
const hanging = obedient.replace(
  "(asked) => process.send(asked)",
  '() => { note("hangs"); for (;;) {} }',
);

/**
 * A supervisor over real children of these scripts, `obedient` where none is given. Only those that
 * are named in `watched` are asked whether they answer: the clock leaps, and their answers take
 * real time.
 */
function world(
  scripts: { readonly [name: string]: string } = {},
  {
    watched = [],
    drainMs = 0,
  }: { readonly watched?: readonly string[]; readonly drainMs?: number } = {},
): World {
  const folder = temporaryFolder();
  const environment = virtualEnvironment();
  const file = `${folder.path}/notes`;
  writeFileSync(file, "");
  const log: Record<string, unknown>[] = [];
  const room = { isThere: true };
  const runs = new Map<string, Run>();
  const begin = (instance: string): Run => {
    const { ask, ...unwatched } = startChild({
      instance,
      command: [process.execPath, "-e", scripts[instance] ?? obedient, instance, file],
      variables: process.env,
      sink: async (lines) => {
        for (const line of lines.trimEnd().split("\n")) log.push(JSON.parse(line));
      },
      environment,
    });
    const run: Run =
      ask !== undefined && watched.includes(instance) ? { ...unwatched, ask } : unwatched;
    runs.set(instance, run);
    return run;
  };
  const write = (message: string, fields = {}) => void log.push({ message, ...fields });
  const logger = { debug: write, info: write, warn: write, error: write, with: () => logger };
  const supervisor = new Supervisor({
    placements: placementsOf(topology),
    broker: { url: "nats://127.0.0.1:1", start: () => begin("nats") },
    begin: ({ name }: Placement) => begin(name),
    hasRoom: () => room.isThere,
    drainMs,
    environment,
    log: logger,
  });
  const notes = () => readFileSync(file, "utf8").split("\n").slice(0, -1);
  return {
    supervisor,
    environment,
    log,
    room,
    notes,
    run(name) {
      const run = runs.get(name);
      if (run === undefined) throw new Error(`${name} was never begun.`);
      return run;
    },
    noted: (what, times = 1) =>
      eventually(
        async () => notes().filter((one) => one === what).length,
        (count) => count >= times,
      ),
    [Symbol.dispose]() {
      supervisor.kill();
      folder[Symbol.dispose]();
    },
  };
}

/** Waits for a log line with this message, for the nth time. */
function logged({ log }: World, message: string, times = 1) {
  const found = async () => log.filter((one) => one["message"] === message);
  return eventually(found, (lines) => lines.length >= times);
}

function move({ environment }: World, ms: number): void {
  environment.moveTo(environment.now() + ms);
}

/** Moves the clock, and lets what waited for it go on. */
async function moved(it: World, ms: number): Promise<void> {
  move(it, ms);
  await turns(4);
}

describe("a supervisor", () => {
  test("begins the broker first, and stops the gateway first and the broker last", async () => {
    using it = world();
    await it.supervisor.start();
    expect(it.notes()[0]).toBe("began nats");
    expect(it.notes().toSorted()).toEqual(
      ["core", "gateway", "nats", "products", "products-2"].map((name) => `began ${name}`),
    );
    await it.supervisor.stop();
    const stopped = it.notes().slice(5);
    expect(stopped).toHaveLength(5);
    expect(stopped[0]).toBe("stopped gateway");
    expect(stopped[4]).toBe("stopped nats");
  });

  test("is not ready before each instance has said that it is", async () => {
    using it = world({ core: obedient.replace("Cleave is ready", "Cleave is nearly ready") });
    let isReady = false;
    void it.supervisor.start().then(() => {
      isReady = true;
    });
    await logged(it, "Cleave is nearly ready");
    for (const name of ["gateway", "products", "products-2"]) await it.noted(`began ${name}`);
    move(it, 30_000);
    expect(await logged(it, "not ready yet")).toEqual([
      { message: "not ready yet", waitingFor: expect.arrayContaining(["core"]) },
    ]);
    expect(isReady).toBe(false);
  });

  test("begins again what died, after a pause that doubles up to ten seconds", async () => {
    using it = world({ core: `${ready} process.kill(process.pid, "SIGKILL");` });
    await it.supervisor.start();
    const pauses: unknown[] = [];
    for (let times = 1; times <= 9; times++) {
      const died = (await logged(it, "died", times)).at(-1);
      expect(died).toMatchObject({ instance: "core", how: "was ended by SIGKILL" });
      pauses.push(died?.["restartInMs"]);
      move(it, Number(died?.["restartInMs"]));
    }
    expect(pauses).toEqual([100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000]);
  }, 30_000);

  test("waits no longer than the first time after a minute of health", async () => {
    const dying = obedient.replace("process.exit(0)", "process.exit(7)");
    using it = world({ core: dying });
    await it.supervisor.start();
    it.run("core").signal("SIGTERM");
    await logged(it, "died");
    move(it, 100);
    await it.run("core").ready;
    move(it, 60_000);
    it.run("core").signal("SIGTERM");
    const [, second] = await logged(it, "died", 2);
    expect(second).toMatchObject({ how: "ended with code 7", restartInMs: 100 });
  });

  test("gives up on what dies more than twenty times in five minutes", async () => {
    using it = world({ core: `${ready} process.exit(3);` });
    await it.supervisor.start();
    let failure = "";
    void it.supervisor.failed.then((sentence) => {
      failure = sentence;
    });
    for (let times = 1; times <= 20; times++) {
      await logged(it, "died", times);
      expect(failure).toBe("");
      move(it, 10_000);
    }
    expect(await it.supervisor.failed).toBe(
      "core died 21 times within 5 minutes; the last time its process ended with code 3. " +
        "Everything is stopped. The log above says why it died.",
    );
    await it.supervisor.stop();
  }, 30_000);

  test("gives up on what died ten times before it was ready, and logged what it said", async () => {
    using it = world({ core: refusing });
    void it.supervisor.start();
    for (let times = 1; times <= 9; times++) {
      await logged(it, "died", times);
      move(it, 10_000);
    }
    expect(await it.supervisor.failed).toBe(
      "core could not be started: its process ended with code 1, the last of 10 times. " +
        "The log above says why; mend that and start again.",
    );
    expect((await logged(it, "The data is damaged."))[0]).toEqual({
      time: expect.any(String),
      level: "warn",
      message: "The data is damaged.",
      instance: "core",
    });
  });

  test("leaves what another process owns to that one, and goes on with all others", async () => {
    const dying = obedient.replace("process.exit(0)", "process.exit(7)");
    using it = world({ core: `process.exit(${OWNED_ELSEWHERE});`, products: dying });
    await it.supervisor.start();
    let failure = "";
    void it.supervisor.failed.then((sentence) => {
      failure = sentence;
    });
    const refused = it.log.filter(({ message }) =>
      String(message).includes("another process owns"),
    );
    expect(refused).toMatchObject([{ instance: "core" }]);
    it.run("products").signal("SIGTERM");
    expect(await logged(it, "died")).toMatchObject([{ instance: "products" }]);
    const core = it.run("core");
    move(it, 600_000);
    await it.noted("began products", 2);
    expect(it.run("core")).toBe(core);
    expect([failure, it.log.some(({ message }) => message === "not ready yet")]).toEqual([
      "",
      false,
    ]);
    await it.supervisor.stop();
  });

  test("waits for what a killed supervisor has left behind, as long as it may drain", async () => {
    const drainMs = 60_000;
    using it = world({ gateway: refusing }, { drainMs });
    let failure = "";
    void it.supervisor.failed.then((sentence) => {
      failure = sentence;
    });
    void it.supervisor.start();
    let pausedMs = 0;
    for (let times = 1; failure === "" && times <= 30; times++) {
      const died = (await logged(it, "died", times)).at(-1);
      pausedMs += Number(died?.["restartInMs"]);
      if (pausedMs >= supervisedStopMs({ role: "edge", drainMs })) break;
      move(it, Number(died?.["restartInMs"]));
    }
    expect(failure).toBe("");
    move(it, 10_000);
    expect(await it.supervisor.failed).toStartWith("gateway could not be started");
  }, 30_000);

  test("begins what dies on a full disk once there is room, however often it died", async () => {
    using it = world({ core: `${ready} process.exit(3);` });
    await it.supervisor.start();
    let failure = "";
    void it.supervisor.failed.then((sentence) => {
      failure = sentence;
    });
    it.room.isThere = false;
    await logged(it, "died", 1);
    move(it, 100);
    const onFull = "died on a full disk; it is started again once there is room";
    for (let times = 1; times <= 30; times++) {
      expect((await logged(it, onFull, times)).at(-1)).toMatchObject({ instance: "core" });
      move(it, 60_000);
      expect(it.log.filter(({ message }) => message === onFull)).toHaveLength(times);
      it.room.isThere = true;
      const run = it.run("core");
      move(it, 1_000);
      it.room.isThere = false;
      expect(it.run("core")).not.toBe(run);
    }
    expect(failure).toBe("");
  }, 30_000);

  test("has patience with what needs minutes for its first starts", async () => {
    using it = world({ core: refusing.replace("1", "2") });
    let failure = "";
    void it.supervisor.failed.then((sentence) => {
      failure = sentence;
    });
    void it.supervisor.start();
    for (let times = 1; times <= 9; times++) {
      await logged(it, "died", times);
      expect(failure).toBe("");
      move(it, 600_000);
    }
  });

  test("takes what cannot be begun at all for something that died", async () => {
    const environment = virtualEnvironment();
    const log: unknown[] = [];
    const write = (message: string, fields = {}) => void log.push({ message, ...fields });
    const logger = { debug: write, info: write, warn: write, error: write, with: () => logger };
    const start = () => {
      throw new Error("no such file");
    };
    const broker = { url: "", start };
    const supervisor = new Supervisor({
      placements: [],
      broker,
      begin: start,
      hasRoom: () => true,
      environment,
      log: logger,
    });
    void supervisor.start();
    await eventually(
      async () => log,
      (lines) => lines.length === 1,
    );
    expect(log).toEqual([
      {
        message: "died",
        instance: "nats",
        how: "could not be begun (Error: no such file)",
        restartInMs: 100,
      },
    ]);
    await supervisor.stop();
  });

  test("kills what does not stop within its time, and goes on stopping", async () => {
    using it = world({ gateway: deaf });
    await it.supervisor.start();
    const stopped = it.supervisor.stop();
    move(it, supervisedStopMs({ role: "edge", drainMs: 0 }) - 1);
    expect(it.log.some((line) => line["message"] === "killed")).toBe(false);
    expect(it.notes().some((note) => note.startsWith("stopped"))).toBe(false);
    move(it, 1);
    await stopped;
    expect(await it.run("gateway").ended).toBe("was ended by SIGKILL");
    expect(it.notes().slice(5).toSorted()).toEqual(
      ["core", "nats", "products", "products-2"].map((name) => `stopped ${name}`),
    );
  });

  const silent = "does not answer its health check; it is killed and started again";

  test("kills and begins again what has not answered for half a minute", async () => {
    using it = world({ core: hanging }, { watched: ["core"] });
    await it.supervisor.start();
    await it.noted("hangs core");
    for (let checks = 1; checks <= 5; checks++) await moved(it, 5_000);
    expect(it.log.filter(({ message }) => message === silent)).toEqual([]);
    await moved(it, 5_000);
    expect(await logged(it, silent)).toMatchObject([{ instance: "core", silentMs: 30_000 }]);
    expect(await logged(it, "died")).toMatchObject([
      { instance: "core", how: "was ended by SIGKILL", restartInMs: 100 },
    ]);
    move(it, 100);
    await it.noted("began core", 2);
  });

  test("takes what has closed its channel for one that does not answer", async () => {
    const core = obedient.replace('note("began");', 'process.disconnect(); note("began");');
    using it = world({ core }, { watched: ["core"] });
    await it.supervisor.start();
    for (let checks = 1; checks <= 6; checks++) await moved(it, 5_000);
    expect(await logged(it, silent)).toMatchObject([{ instance: "core", silentMs: 30_000 }]);
    await logged(it, "died");
  });

  test("leaves alone what answers, however long it runs and the machine sleeps", async () => {
    using it = world({}, { watched: ["core"] });
    await it.supervisor.start();
    const { ask = () => Promise.resolve() } = it.run("core");
    for (let checks = 1; checks <= 12; checks++) {
      move(it, checks === 6 ? 8 * 3_600_000 : 5_000);
      await ask();
    }
    expect(it.log.filter(({ message }) => message === silent)).toEqual([]);
    await it.supervisor.stop();
    expect(it.environment.nextTimerAtMs()).toBeUndefined();
  });

  test("told to stop begins nothing again: neither what waits nor what comes later", async () => {
    using it = world({ core: `${ready} process.exit(3);` });
    await it.supervisor.start();
    await logged(it, "died");
    await it.supervisor.stop();
    move(it, 600_000);
    expect(it.environment.nextTimerAtMs()).toBeUndefined();
    expect(it.notes().filter((note) => note.startsWith("began"))).toHaveLength(4);
  });

  test("told to stop before the broker is ready begins nothing behind it", async () => {
    const slow = obedient.replace('console.log("Cleave is ready");', "");
    using it = world({ nats: slow });
    void it.supervisor.start();
    await it.noted("began nats");
    await it.supervisor.stop();
    expect(it.notes()).toEqual(["began nats", "stopped nats"]);
  });

  test("that is to kill ends the deaf as well, at once", async () => {
    using it = world({ core: deaf, gateway: deaf });
    await it.supervisor.start();
    it.supervisor.kill();
    for (const name of ["gateway", "core", "products", "nats"]) {
      expect(await it.run(name).ended).toBe("was ended by SIGKILL");
    }
  });
});
