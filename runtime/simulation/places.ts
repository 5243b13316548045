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
  return withPlace(textOf(error), placeOf(error));
}

/** What was thrown, as text, without its place. Never throws. */
export function textOf(error: unknown): string {
  const text = read(() => (error instanceof Error ? error.message : error));
  return text ?? "something of which no text can be made";
}

/** Where it was thrown, outside of the kernel, if its stack tells. Never throws. */
export function placeOf(error: unknown): string | undefined {
  const places = placesIn(read(() => (error instanceof Error ? error.stack : "")) ?? "");
  const last = places.findIndex((one) => /^runtime\/simulation\/(run|world)\.ts:/.test(one));
  return outsideKernel(last === -1 ? places : places.slice(0, last));
}

/** A text that ends with a place, unless it names that itself. */
export function withPlace(text: string, place: string | undefined): string {
  if (place === undefined || text.includes(place)) return text;
  return `${text.trimEnd()} (at ${place})`;
}

/** What is read, as text; undefined when it cannot be read or be made one. */
function read(from: () => unknown): string | undefined {
  try {
    return String(from());
  } catch {
    return undefined;
  }
}
