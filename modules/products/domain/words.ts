const WORDS_MAX = 10;
const WORD_LENGTH_MAX = 40;
/** A single letter begins too many words to be worth searching by prefix. */
const PREFIX_LENGTH_MIN = 2;

/** Words that say nothing of what is looked for. */
const small = new Set("a an and at by for from in is of on or the to with".split(" "));

/**
 * What a search looks for: runs of letters and digits, lower case, without accents, each once and
 * at most ten; small words such as "for" only when there are no others.
 */
export function wordsOf(text: string): string[] {
  const words = [...new Set(allWords(text))];
  const telling = words.filter((word) => !small.has(word));
  return (telling.length > 0 ? telling : words).slice(0, WORDS_MAX);
}

/** Every word of a text once, for the list of known words. */
export function vocabularyOf(texts: readonly string[]): Set<string> {
  return new Set(allWords(texts.join(" ")).filter((word) => word.length >= 3));
}

function allWords(text: string): string[] {
  const plain = text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  const words = plain.match(/[\p{L}\p{N}]+/gu) ?? [];
  return words.map((word) => Array.from(word).slice(0, WORD_LENGTH_MAX).join(""));
}

/**
 * An expression of SQLite's full-text search: each word, or one of those given in its place, and
 * all of them or any. The words come from `wordsOf`, so nothing in them is an operator.
 */
export function matchOf(alternatives: readonly (readonly string[])[], need: "all" | "any"): string {
  const terms = alternatives.map((words) => `(${words.map(term).join(" OR ")})`);
  return terms.join(need === "all" ? " AND " : " OR ");
}

function term(word: string): string {
  return word.length >= PREFIX_LENGTH_MIN ? `"${word}"*` : `"${word}"`;
}

/** A word between two marks, as the index of trigrams keeps it. */
export function marked(word: string): string {
  return `_${word}_`;
}

/** An expression that finds words which share a run of three characters with this one. */
export function trigramsOf(word: string): string {
  const characters = Array.from(marked(word));
  const runs = new Set<string>();
  for (let at = 0; at + 3 <= characters.length; at++) {
    runs.add(`"${characters.slice(at, at + 3).join("")}"`);
  }
  return [...runs].join(" OR ");
}

/**
 * The known words that a mistyped one may stand for, nearest first: at most three, one slip away,
 * or two in words of six letters and more.
 */
export function corrections(word: string, known: readonly string[]): string[] {
  const letters = Array.from(word);
  const slipsMax = letters.length >= 6 ? 2 : 1;
  const near = known
    .map((candidate) => ({ candidate, slips: slipsBetween(letters, Array.from(candidate)) }))
    .filter(({ slips }) => slips <= slipsMax);
  near.sort((a, b) => a.slips - b.slips || (a.candidate < b.candidate ? -1 : 1));
  const [nearest] = near;
  return near
    .filter(({ slips }) => slips === nearest?.slips)
    .slice(0, 3)
    .map(({ candidate }) => candidate);
}

/**
 * How many letters were left out, put in, mistaken, or swapped with their neighbour; more than two
 * are not counted when the lengths say so already.
 */
function slipsBetween(a: readonly string[], b: readonly string[]): number {
  const apart = Math.abs(a.length - b.length);
  if (apart > 2) return apart;
  let before: number[] = [];
  let last = b.map((_, index) => index);
  last.push(b.length);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const changed = at(last, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let slips = Math.min(changed, at(last, j) + 1, at(row, j - 1) + 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) slips = Math.min(slips, at(before, j - 2) + 1);
      row.push(slips);
    }
    before = last;
    last = row;
  }
  return at(last, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? 0;
}
