import { Kind, KindGuard, type TSchema } from "@sinclair/typebox";

/** Texts by their name, as they stand in a path or a query. */
type Texts = Record<string, unknown>;

/** What a text becomes for one schema; the text itself when it does not fit. */
type Reader = (text: unknown) => unknown;

/**
 * Makes a function that gives the texts of a path or a query the types of a schema, where Elysia
 * leaves them texts: whole numbers, lists, and members of unions. What does not fit stays a text,
 * which the schema then refuses. Undefined when there is nothing to do.
 *
 * `listsOf` finds all values of a name: Elysia takes a list apart at the commas within its values.
 */
export function textReader(
  schema: TSchema | undefined,
): ((texts: Texts, listsOf: () => Pick<URLSearchParams, "getAll">) => void) | undefined {
  if (schema?.[Kind] !== "Object") return undefined;
  const scalars: [name: string, read: Reader][] = [];
  const lists: [name: string, read: Reader, isRequired: boolean][] = [];
  const required = new Set<string>(schema["required"]);
  for (const [name, property] of Object.entries<TSchema>(schema["properties"])) {
    if (property[Kind] === "Array") {
      lists.push([name, readerOf(property["items"]) ?? asIs, required.has(name)]);
      continue;
    }
    const read = readerOf(property);
    if (read !== undefined) scalars.push([name, read]);
  }
  if (scalars.length + lists.length === 0) return undefined;
  return function readTexts(texts, listsOf) {
    for (const [name, read] of scalars) {
      if (texts[name] !== undefined) texts[name] = read(texts[name]);
    }
    if (lists.length === 0) return;
    const all = listsOf();
    for (const [name, read, isRequired] of lists) {
      const items = all.getAll(name);
      // A list without items leaves no trace in a query.
      if (items.length > 0 || isRequired) texts[name] = items.map(read);
    }
  };
}

/**
 * The schema of a path or a query with its lists and whole numbers marked as Elysia marks schemas
 * of its own, which it leaves as they are. Otherwise it would take lists apart at the commas within
 * their values, and forget that a whole number is a safe one.
 */
export function withoutCoercion<Schema>(schema: Schema): Schema {
  if (!KindGuard.IsObject(schema)) return schema;
  const properties = Object.entries(schema.properties).map(([name, property]) => [
    name,
    KindGuard.IsArray(property) || KindGuard.IsInteger(property) ? marked(property) : property,
  ]);
  return { ...schema, properties: Object.fromEntries(properties) };
}

/** A copy that has its mark, and also the bounds that are not enumerable. */
function marked(schema: TSchema): object {
  const properties = Object.getOwnPropertyDescriptors(schema);
  return Object.defineProperties({ elysiaMeta: "Read" }, properties);
}

const asIs: Reader = (text) => text;

/** Undefined for what Elysia reads by itself, and for texts. */
function readerOf(schema: TSchema): Reader | undefined {
  switch (schema[Kind]) {
    case "Integer":
    case "Number":
      return asNumber;
    case "Boolean":
      return (text) => (text === "true" ? true : text === "false" ? false : text);
    case "Null":
      return (text) => (text === "null" ? null : text);
    case "Literal":
      if (typeof schema["const"] === "string") return undefined;
      return (text) => (text === String(schema["const"]) ? schema["const"] : text);
    case "Union":
      return unionReader(schema["anyOf"]);
    case "Object":
    case "Record":
    case "Array":
      return asJson;
    default:
      return undefined;
  }
}

/**
 * The value of the first member that takes the text; a text where one may stand. Elysia's schemas
 * for texts, such as Numeric, are such unions and read their text themselves.
 */
function unionReader(members: readonly TSchema[]): Reader | undefined {
  const isText = (member: TSchema) => member["type"] === "string" && !("const" in member);
  if (members.some(isText)) return undefined;
  const readers = members.flatMap((member) => readerOf(member) ?? []);
  if (readers.length === 0) return undefined;
  return function readUnion(text) {
    for (const read of readers) {
      const value = read(text);
      if (value !== text) return value;
    }
    return text;
  };
}

/** A number as JSON writes it: other spellings of one may be a code or an id. */
const jsonNumber = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:e[+-]?\d+)?$/i;

function asNumber(text: unknown): unknown {
  return typeof text === "string" && jsonNumber.test(text) ? Number(text) : text;
}

function asJson(text: unknown): unknown {
  if (typeof text !== "string" || !/^[[{]/.test(text)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
