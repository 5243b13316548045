import type { Environment } from "../contract/environment.ts";
import { HealthChecks, isReadyLine, requestStop, supervised } from "./child-protocol.ts";
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

/** Milliseconds in which what a child had still to say is read when it has ended. */
export const LAST_WORDS_MS = 1_000;

/**
 * Starts a process. What it writes is passed on line by line; standard input stays open, so that it
 * notices when this process is gone, however that ended.
 */
export function startChild(options: ChildOptions): Run {
  const { instance, sink, environment } = options;
  const health = new HealthChecks();
  const child = Bun.spawn([...options.command], {
    env: { ...options.variables, ...supervised },
    stdin: "pipe",
    stdout: "pipe",
    stderr: "pipe",
    // A channel of its own: the output stands still while whoever reads the log does.
    ipc: (message) => health.take(message),
  });
  const ready = Promise.withResolvers<void>();
  const output = eachLines(child.stdout, async (lines) => {
    if (lines.some(isReadyLine)) ready.resolve();
    const said = lines.filter((line) => !isReadyLine(line));
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
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
  return {
    ready: ready.promise,
    ended: ended(),
    signal(name) {
      if (name === "SIGTERM") void requestStop(child, "stop");
      child.kill(name);
    },
    hold: () => void requestStop(child, "hold"),
    ask: () => (hasEnded() ? new Promise(() => {}) : health.check(child)),
    exitCode: () => child.exitCode,
  };
}
