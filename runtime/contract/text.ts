import { type StringOptions, Type } from "@sinclair/typebox";
import { lengthOf } from "./expectation.ts";

/** Control characters, and marks that nobody sees, such as line ends and directions. */
const UNSEEN =
  "\\u0000-\\u001f\\u007f-\\u009f\\u200b\\u200e\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ufeff";
/** What separates addresses in a mail's head, besides what nobody sees. */
const SEPARATORS = '\\s@<>()\\[\\],;:"\\\\';

/**
 * The schema of text that people write on one line, such as a name or a street: it cannot break out
 * of the line of a mail or a form, nor turn the direction of what stands around it.
 */
export function line(options: Omit<StringOptions, "pattern"> = {}) {
  const description = `one line${lengthOf(options)}`;
  return Type.String({ description, ...options, pattern: `^[^${UNSEEN}]*$` });
}

/** The schema of a mail address, without a display name and without quotes. */
export function emailAddress(options: Omit<StringOptions, "pattern"> = {}) {
  const part = `[^${SEPARATORS}${UNSEEN}]+`;
  const description = "an e-mail address";
  return Type.String({ description, ...options, pattern: `^${part}@${part}$` });
}
