import type { Environment } from "../contract/environment.ts";
import { eachLines, withInstance, wrapped } from "./merged-log.ts";

/** One run of a process, from its beginning to its end. */
export interface Run {
  /** Resolves when it can be used; never when it ends before. */
  readonly ready: Promise<void>;
  /** Resolves with how it ended, as in "ended with code 1". */
  readonly ended: Promise<string>;
  signal(name: "SIGTERM" | "SIGKILL"): void;
  /** Tells it that all is being stopped, and that it will be told when its turn has come. */
  hold(): void;
  /** The code that it has ended with; missing where a run is not one process. */
  readonly exitCode?: () => number | null;
  /** Resolves when it has answered a health check; missing where a run watches itself. */
  readonly ask?: () => Promise<void>;
}

export interface ChildOptions {
  /** The name under which its lines are logged. */
  readonly instance: string;
  readonly command: readonly string[];
  /** Variables of its environment. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** Takes whole lines; the child is not read on before it has taken them. */
  readonly sink: (lines: string) => Promise<void>;
  readonly environment: Pick<Environment, "now" | "after">;
}

/** What a child writes to standard output, as the beginning of a line, when it is ready. */
export const READY = "Cleave is ready";

/** Says in the environment of a child that its standard input closes when its parent is gone. */
export const SUPERVISED = "CLEAVE_SUPERVISED";

/** The exit code of a process whose modules another one owns, over other data: it may not start. */
export const OWNED_ELSEWHERE = 69;

/** What a supervisor sends, and what comes back as long as the child's event loop turns. */
const HEALTH_CHECK = "cleave health check";

/** Has this process answer the health checks of its supervisor. */
export function answerHealthChecks(): void {
  process.on("message", (message) => {
    if (message === HEALTH_CHECK) process.send?.(HEALTH_CHECK);
  });
}

/**
 * What a supervisor writes to a child's standard input: that the child must not stop by a SIGTERM
 * from elsewhere, and that it is to stop now.
 */
export const HOLD = "hold";
export const STOP = "stop";

/** Milliseconds in which what a child had still to say is read when it has ended. */
export const LAST_WORDS_MS = 1_000;

/**
 * Starts a process. What it writes is passed on line by line; standard input stays open, so that it
 * notices when this process is gone, however that ended.
 */
export function startChild(options: ChildOptions): Run {
  const { instance, sink, environment } = options;
  let asked: PromiseWithResolvers<void> | undefined;
  const child = Bun.spawn([...options.command], {
    env: { ...options.variables, [SUPERVISED]: "true" },
    stdin: "pipe",
    stdout: "pipe",
    stderr: "pipe",
    // A channel of its own: the output stands still while whoever reads the log does.
    ipc(message) {
      if (message !== HEALTH_CHECK) return;
      asked?.resolve();
      asked = undefined;
    },
  });
  const ready = Promise.withResolvers<void>();
  const output = eachLines(child.stdout, async (lines) => {
    if (lines.some((line) => line.startsWith(READY))) ready.resolve();
    const said = lines.filter((line) => !line.startsWith(READY));
    const about = { instance, level: "info", now: environment.now } as const;
    if (said.length > 0) await sink(said.map((line) => wrapped(line, about)).join(""));
  });
  const errors = eachLines(child.stderr, (lines) => {
    const about = { instance, level: "warn", now: environment.now } as const;
    return sink(lines.map((line) => withInstance(line, about)).join(""));
  });
  async function ended(): Promise<string> {
    await child.exited;
    const patience = Promise.withResolvers<void>();
    const cancel = environment.after(LAST_WORDS_MS, patience.resolve);
    await Promise.race([Promise.all([output, errors]), patience.promise]);
    cancel();
    const { signalCode, exitCode } = child;
    return signalCode === null ? `ended with code ${exitCode}` : `was ended by ${signalCode}`;
  }
  const tell = async (word: string) => {
    try {
      await child.stdin.write(`${word}\n`);
      await child.stdin.flush();
    } catch {
      // It has ended, or does not read.
    }
  };
  function ask(): Promise<void> {
    asked ??= Promise.withResolvers();
    const hasEnded = child.exitCode !== null || child.signalCode !== null;
    try {
      if (!hasEnded) child.send(HEALTH_CHECK);
    } catch {
      // Its end of the channel is closed: it answers no more, and may be ending.
    }
    return asked.promise;
  }
  return {
    ready: ready.promise,
    ended: ended(),
    signal(name) {
      if (name === "SIGTERM") void tell(STOP);
      child.kill(name);
    },
    hold: () => void tell(HOLD),
    ask,
    exitCode: () => child.exitCode,
  };
}
