import type { Static, TObject, TSchema } from "@sinclair/typebox";
import { Kind } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { expectation } from "../contract/expectation.ts";
import { t } from "../contract/schema.ts";
import { flagOf, type Given, readFlags } from "./flags.ts";

const natsAddress = "(nats|tls)://[^/?#\\s,@]+";

/** Where to find a nats-server, or the servers of one cluster. */
export const natsUrlSchema = t.String({
  flag: "--nats",
  pattern: `^${natsAddress}(,${natsAddress})*$`,
  maxLength: 1_000,
  description: "an address such as nats://127.0.0.1:4222, or several with commas between",
});

/** What runs in this process: read before all others, which depend on it. */
export const placementSettings = t.Object({
  /** The name of a topology, or the path of a file with one. */
  TOPOLOGY: t.String({ minLength: 1, default: "monolith" }),
  /** The one process of the topology that is to run here; without it, all of them. */
  INSTANCE: t.Optional(t.String({ minLength: 1 })),
  NATS_URL: t.Optional(natsUrlSchema),
});

/** The settings of the host itself; ports bring their own. */
export const hostSettings = t.Object({
  ...placementSettings.properties,
  PORT: t.Integer({ minimum: 0, maximum: 65_535, default: 3_000 }),
  HOST: t.String({ minLength: 1, default: "127.0.0.1" }),
  DATA_DIR: t.String({ minLength: 1, default: "./data" }),
  LOG_LEVEL: t.Union(
    [t.Literal("debug"), t.Literal("info"), t.Literal("warn"), t.Literal("error")],
    { default: "info" },
  ),
  /**
   * The address under which customers reach the shop. Without it, which only development is, the
   * one listened on.
   */
  PUBLIC_URL: t.Optional(
    t.String({
      pattern: "^https?://[^/?#\\s]+$",
      description: "an address such as https://shop.example.com, without a path",
    }),
  ),
  /**
   * How long a gateway goes on listening when it is told to stop, while `/readyz` says 503 already,
   * in milliseconds: the time that a load balancer takes to notice.
   */
  DRAIN_MS: t.Integer({ minimum: 0, maximum: 60_000, default: 0 }),
  /** Without it, development. */
  NODE_ENV: t.Optional(
    t.Union([t.Literal("production"), t.Literal("development"), t.Literal("test")]),
  ),
  /** The file of nats-server, for topologies that start one; it is looked for when not given. */
  NATS_SERVER: t.Optional(t.String({ minLength: 1 })),
  /** Whether an empty data folder is filled with the demo shop; in development when not given. */
  DEMO: t.Optional(t.Boolean()),
});

/** Object schemas by the name of who reads them: the host, and each port. */
export type SettingSchemas = { readonly [consumer: string]: TObject };

export type SettingValues<Schemas extends SettingSchemas> = {
  readonly [Consumer in keyof Schemas]: Static<Schemas[Consumer]>;
};

export interface SettingSources {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** What followed the command: `--port 4000`, `--port=4000`, `--no-demo`. */
  readonly arguments: readonly string[];
}

export type Settings<Schemas extends SettingSchemas> =
  | { readonly values: SettingValues<Schemas> }
  | { readonly mistakes: readonly string[] };

/**
 * What was given for the settings of one schema, among others that are not known yet. What does not
 * fit is found by `readSettings`.
 */
export function peekSettings(
  { properties }: TObject,
  sources: SettingSources,
): ReadonlyMap<string, Given> {
  return givenFor(new Map(Object.entries(properties)), sources).given;
}

/**
 * Reads settings from flags, else from the environment, else from the schemas' defaults.
 *
 * Answers with values that fit the schemas, or with every mistake, a sentence each. An empty
 * variable counts as absent. A flag that no schema knows is a mistake; a variable isn't. Values of
 * settings whose names speak of secrets are never repeated.
 */
export function readSettings<const Schemas extends SettingSchemas>(
  schemas: Schemas,
  sources: SettingSources,
): Settings<Schemas> {
  const known = new Map<string, TSchema>();
  for (const { properties } of Object.values(schemas)) {
    for (const [name, schema] of Object.entries(properties)) known.set(name, schema);
  }
  const { given, mistakes } = givenFor(known, sources);
  const values: Record<string, Record<string, unknown>> = {};
  const said = new Set(mistakes);
  for (const [consumer, schema] of Object.entries(schemas)) {
    values[consumer] = readObject(schema, given, said);
  }
  if (said.size > 0) return { mistakes: [...said] };
  return { values: values as SettingValues<Schemas> }; // Each value was checked by its schema.
}

function givenFor(known: ReadonlyMap<string, TSchema>, sources: SettingSources) {
  const { given, mistakes } = readFlags(sources.arguments, known);
  for (const name of known.keys()) {
    const text = sources.environment[name];
    if (!given.has(name) && text !== undefined && text !== "") {
      given.set(name, { text, from: "environment" });
    }
  }
  return { given, mistakes };
}

function readObject(schema: TObject, given: ReadonlyMap<string, Given>, mistakes: Set<string>) {
  const values: Record<string, unknown> = {};
  const required = new Set(schema.required);
  for (const [name, one] of Object.entries(schema.properties)) {
    const source = given.get(name);
    if (source !== undefined) {
      const value = coerced(one, source.text);
      if (Value.Check(one, value)) values[name] = value;
      else mistakes.add(misfit(name, source, one));
    } else if (one["default"] !== undefined) {
      values[name] = one["default"];
    } else if (required.has(name)) {
      mistakes.add(`${name} is missing: set it in the environment or with ${flagOf(name, one)}.`);
    }
  }
  return values;
}

function misfit(name: string, { text, from }: Given, schema: TSchema): string {
  const shown = secretName.test(name) || userInfo.test(text) ? "a hidden value" : `"${text}"`;
  return `${name} is ${shown} (${from}): expected ${expectation(schema)}.`;
}

const secretName = /password|secret|token|key|credential/i;
const userInfo = /:\/\/[^/\s]*@/;

/** The text as the type that the schema asks for; the text itself when it cannot be. */
function coerced(schema: TSchema, text: string): unknown {
  switch (schema[Kind]) {
    case "Integer":
      return /^-?\d{1,16}$/.test(text) ? Number(text) : text;
    case "Number":
      return /^-?\d{1,16}(\.\d{1,16})?$/.test(text) ? Number(text) : text;
    case "Boolean":
      return switches.get(text.toLowerCase()) ?? text;
    default:
      return text;
  }
}

const switches = new Map([
  ["true", true],
  ["1", true],
  ["yes", true],
  ["on", true],
  ["false", false],
  ["0", false],
  ["no", false],
  ["off", false],
]);
