import { join, relative } from "node:path";

const root = join(import.meta.dir, "../..");

/** The files and lines that a stack names, the nearest first. */
export function placesIn(stack: string): string[] {
  return stack.split("\n").flatMap((frame) => {
    const [, path, line] = /(?:^|[\s(])(\/[^():]+):(\d+):\d+\)?$/.exec(frame) ?? [];
    return path === undefined ? [] : [`${relative(root, path)}:${line}`];
  });
}

/** Whether a place is the kernel's; its sample stands for a module. */
export function isKernel(place: string): boolean {
  return /^runtime\/(?!testing\/sample\/)/.test(place);
}

/** The nearest place that is neither the kernel's nor a package's. */
export function outsideKernel(places: readonly string[]): string | undefined {
  return places.find((one) => !isKernel(one) && !one.includes("node_modules/"));
}

/**
 * What was thrown in a run, as text, and where outside of the kernel, if its stack tells. Who has
 * started the run is no such place. Never throws, whatever it is that was thrown.
 */
export function thrownText(error: unknown): string {
  const message = textOf(() => (error instanceof Error ? error.message : error));
  if (message === undefined) return "something of which no text can be made";
  const places = placesIn(textOf(() => (error instanceof Error ? error.stack : "")) ?? "");
  const last = places.findIndex((one) => /^runtime\/simulation\/(run|world)\.ts:/.test(one));
  const place = outsideKernel(last === -1 ? places : places.slice(0, last));
  if (place === undefined || message.includes(place)) return message;
  return `${message.trimEnd()} (at ${place})`;
}

/** What is read, as text; undefined when it cannot be read or be made one. */
function textOf(read: () => unknown): string | undefined {
  try {
    return String(read());
  } catch {
    return undefined;
  }
}
