import { expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import { emailAddress, line } from "./text.ts";

test.each(["ada@example.com", "a.b+c@sub.example.org", "ü@bücher.example", "o'neil@x.ie"])(
  "%s is a mail address",
  (text) => expect(Value.Check(emailAddress(), text)).toBe(true),
);

test.each([
  "a\u0007b@x.org",
  "a@x.org\nBcc: b@x.org",
  "a@x.org\u2028",
  "\u202ea@x.org",
  "a@x.org, b@x.org",
  "Ada <a@x.org>",
  '"a b"@x.org',
  "a@b@x.org",
  "@x.org",
  "a@",
  "",
])("%j is no mail address", (text) => expect(Value.Check(emailAddress(), text)).toBe(false));

test("a line of text has every script and no unseen mark", () => {
  for (const text of [
    "",
    "Ada Lovelace",
    "李小龍",
    "Zoë O'Neil-Ünal 3/b",
    "שלום",
    "👩 home",
    "نیک\u200cپی",
  ]) {
    expect({ text, fits: Value.Check(line(), text) }).toEqual({ text, fits: true });
  }
  for (const text of ["a\nb", "a\u0000", "a\u202eb", "\ufeffa", "a\u0085b", "a\u2066b"]) {
    expect({ text, fits: Value.Check(line(), text) }).toEqual({ text, fits: false });
  }
});
