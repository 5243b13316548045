import { placeOf, textOf, withPlace } from "./places.ts";

/**
 * Where the code of modules has failed. Whoever called it gets a message alone, in another process
 * or the same one; what its own process logs has the whole error.
 */
export class Defects {
  /** By what callers are told, the innermost of several calls first. */
  readonly #places = new Map<string, string>();

  /** Takes in what a process logs, and gives the place outside of the kernel if there is one. */
  take(fields: object | undefined): string | undefined {
    if (fields === undefined || !("error" in fields)) return undefined;
    const { error } = fields;
    const place = placeOf(error);
    if (place === undefined || !("procedure" in fields)) return place;
    this.#places.set(`${fields.procedure} failed: ${textOf(error)}`, place);
    return place;
  }

  /** What somebody caught, as text, and where it was thrown, in whichever process. */
  textOf(error: unknown): string {
    const text = textOf(error);
    for (const [told, place] of this.#places) {
      if (text.endsWith(told)) return withPlace(text, place);
    }
    return withPlace(text, placeOf(error));
  }
}
