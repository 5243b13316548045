import { fieldName, RequestError } from "./validation.ts";

/** An escape of JSON for half of a surrogate pair; raw text has no other way to hold one. */
const surrogateEscape = /\\u[dD][89a-fA-F]/;

/**
 * Throws a RequestError when a text or a key in a JSON body is not well-formed Unicode: a database
 * would store another character in place of a lone surrogate. `body` is what `json` was parsed to.
 */
export function assertWellFormed(body: unknown, json: string): void {
  if (surrogateEscape.test(json)) assertTexts(body, "");
}

function assertTexts(value: unknown, path: string): void {
  if (typeof value === "string") {
    if (!value.isWellFormed()) throw malformed(path);
  } else if (typeof value === "object" && value !== null) {
    for (const [key, inner] of Object.entries(value)) {
      if (!key.isWellFormed()) throw malformed(path);
      assertTexts(inner, `${path}/${key}`);
    }
  }
}

function malformed(path: string): RequestError {
  const message = "Expected well-formed Unicode, without half a surrogate pair.";
  return new RequestError([{ field: fieldName("body", path), message }]);
}
