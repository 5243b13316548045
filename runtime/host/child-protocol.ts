// What passes between a supervisor and a child: the supervisor's end first, then the child's.

/** Says in the environment of a child that its standard input closes when its parent is gone. */
const SUPERVISED = "CLEAVE_SUPERVISED";
/** The beginning of the line that a child writes to standard output when it is ready. */
const READY = "Cleave is ready";
/** The exit code of a process whose modules another one owns, over other data: it may not start. */
export const OWNED_ELSEWHERE = 69;

/** The exit code of a child whose data are refused as they are, which no other attempt changes. */
export const DATA_REFUSED = 65;
/** The message that a supervisor sends over IPC, and the answer to it. */
const HEALTH_CHECK = "cleave health check";

/**
 * A line that a supervisor writes to a child's standard input: `hold`, that all is being stopped
 * and the child is not to stop by a SIGTERM from elsewhere; `stop`, that it is to stop now.
 */
type StopRequest = "hold" | "stop";

/** What a supervisor uses of a child. */
export interface ChildChannels {
  readonly stdin: { write(text: string): unknown; flush(): unknown };
  /** Sends over IPC. */
  send(message: string): void;
}

/** Variables of the environment of each child. */
export const supervised: Readonly<Record<string, string>> = { [SUPERVISED]: "true" };

/** Reports whether a line of a child's standard output says that it is ready. */
export function isReadyLine(line: string): boolean {
  return line.startsWith(READY);
}

/** Asks a child to hold or to stop; without effect when it has ended. */
export async function requestStop(
  { stdin }: Pick<ChildChannels, "stdin">,
  request: StopRequest,
): Promise<void> {
  try {
    await stdin.write(`${request}\n`);
    await stdin.flush();
  } catch {
    // It has ended, or does not read.
  }
}

/** The health checks of one child, which answers as long as its event loop turns. */
export class HealthChecks {
  #pending: PromiseWithResolvers<void> | undefined;

  /** Resolves at the next answer of the child; never when there is none. */
  check(child: Pick<ChildChannels, "send">): Promise<void> {
    this.#pending ??= Promise.withResolvers();
    try {
      child.send(HEALTH_CHECK);
    } catch {
      // Its end of the channel is closed: it answers no more, and may be ending.
    }
    return this.#pending.promise;
  }

  /** Takes a message that the child has sent over IPC. */
  take(message: unknown): void {
    if (message !== HEALTH_CHECK) return;
    this.#pending?.resolve();
    this.#pending = undefined;
  }
}

/** Reports whether this process is a child. */
export function isSupervised(): boolean {
  return process.env[SUPERVISED] !== undefined;
}

/** Tells whoever started this process that it is ready, with its address or its name. */
export function sayReady(place: { readonly url: string } | { readonly name: string }): void {
  console.log("url" in place ? `${READY} at ${place.url}` : `${READY}: ${place.name}`);
}

/** Has this process answer the health checks of its supervisor. */
export function answerHealthChecks(): void {
  process.on("message", (message) => {
    if (message === HEALTH_CHECK) process.send?.(HEALTH_CHECK);
  });
}

/** What a child does at each request of its supervisor, and when that is gone. */
export type StopRequestHandlers = Readonly<Record<StopRequest | "orphaned", () => void>>;

/** Has this process take the requests of its supervisor. */
export function onStopRequests(handlers: StopRequestHandlers): void {
  let begun = "";
  process.stdin.on("data", (data) => {
    const lines = (begun + data.toString()).split("\n");
    begun = lines.pop() ?? "";
    for (const line of lines) if (line === "hold" || line === "stop") handlers[line]();
  });
  process.stdin.once("end", handlers.orphaned);
  process.stdin.resume();
}
