import type { Level } from "../telemetry/log.ts";

/** A longer line is passed on in pieces. */
const LINE_LENGTH_MAX = 256 * 1024;

/** Whose line it is, and how a line that is no JSON is to be logged. */
export interface LineOrigin {
  readonly instance: string;
  readonly level: Level;
  readonly now: () => number;
}

/**
 * Reads a stream of text and gives its lines to `take`, as many as came together, without their
 * ends. Nothing more is read before they were taken, so a slow reader slows the writer down.
 */
export async function eachLines(
  stream: ReadableStream<Uint8Array>,
  take: (lines: readonly string[]) => Promise<void>,
): Promise<void> {
  const decoder = new TextDecoder();
  let begun = "";
  for await (const chunk of stream) {
    const lines = (begun + decoder.decode(chunk, { stream: true })).split("\n");
    begun = lines.pop() ?? "";
    if (begun.length > LINE_LENGTH_MAX) {
      lines.push(begun);
      begun = "";
    }
    if (lines.length > 0) await take(lines);
  }
  if (begun !== "") await take([begun]);
}

/** A line of a JSON log with the instance added, and any other line as one of a JSON log. */
export function withInstance(line: string, origin: LineOrigin): string {
  const isJson = line.startsWith('{"') && line.endsWith("}");
  if (!isJson) return wrapped(line, origin);
  return `${line.slice(0, -1)},"instance":"${origin.instance}"}\n`;
}

/** A line of text as a line of a JSON log; an empty one is left out. */
export function wrapped(line: string, { instance, level, now }: LineOrigin): string {
  if (line.trim() === "") return "";
  const time = new Date(now()).toISOString();
  return `${JSON.stringify({ time, level, message: line, instance })}\n`;
}
