import { cardOf, fingerprintOf } from "./card-token.ts";

/** What an older version wrote of an intent, beside what is written now. */
interface OlderLine {
  readonly token: string;
  readonly parameters: string;
}

/** No text within a line holds it, since its quotes would be escaped. */
const TOKEN = '"token":"';
const authorised = /^(authorise \S+ \S+) (.*) (\S+)$/s;

/** Whether a line is of a version that wrote card tokens. */
export function holdsToken(line: Buffer): boolean {
  return line.includes(TOKEN);
}

/** A line with what is remembered of a card token in place of the token; others as they are. */
export function withoutToken(line: Buffer): Buffer {
  if (!holdsToken(line)) return line;
  const { token, parameters, ...rest }: OlderLine = JSON.parse(line.toString("utf8"));
  const told = parameters.replace(authorised, `$1 ${fingerprintOf(token)} $3`);
  return Buffer.from(`${JSON.stringify({ ...rest, parameters: told, card: cardOf(token) })}\n`);
}
