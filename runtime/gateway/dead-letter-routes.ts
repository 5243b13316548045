import { Elysia } from "elysia";
import { t } from "../contract/schema.ts";
import type { operationsOf } from "../module/operations.ts";
import type { Edge } from "./edge.ts";

const Text = t.String({ minLength: 1, maxLength: 200 });
const Digits = t.String({ pattern: "^[0-9]{1,15}$" });
const pageMax = 100;

/** The operations of a module, which are refused for one that there is not, and of all modules. */
export interface Offered {
  readonly of: (module: string) => ReturnType<typeof operationsOf>;
  readonly all: () => readonly ReturnType<typeof operationsOf>[];
}

/** What staff see and do of events and jobs that were set aside. */
export function deadLetterRoutes({ of, all }: Offered, edge: Edge) {
  return new Elysia({ name: "dead letter operations" })
    .use(edge)
    .get(
      "/v1/admin/dead-letters",
      async ({ call, query }) => {
        const { module, after, source = null, key: messageKey = null } = query;
        const asked = module === undefined ? all() : [of(module)];
        const by = { source, messageKey, limit: pageMax, after: Number(after ?? 0) };
        const found = await Promise.all(asked.map((one) => call(one.cleaveDeadLetters, by)));
        return found.flat().sort((one, other) => one.diedAtMs - other.diedAtMs);
      },
      {
        access: ["staff", "admin"],
        query: t.Object({
          module: t.Optional(Text),
          /** Of one producer, or of one key. */
          source: t.Optional(Text),
          key: t.Optional(Text),
          /** The last id of the page before, which is one of a single module's. */
          after: t.Optional(Digits),
        }),
      },
    )
    .post(
      "/v1/admin/dead-letters/:module/redrive",
      ({ call, params, query }) => {
        const { source = null, key: messageKey = null } = query;
        return call(of(params.module).cleaveRedriveAll, { source, messageKey, limit: pageMax });
      },
      {
        access: ["admin"],
        params: t.Object({ module: Text }),
        query: t.Object({ source: t.Optional(Text), key: t.Optional(Text) }),
      },
    )
    .post(
      "/v1/admin/dead-letters/:module/:letter/redrive",
      ({ call, params }) => call(of(params.module).cleaveRedrive, { id: Number(params.letter) }),
      { access: ["admin"], params: t.Object({ module: Text, letter: Digits }) },
    )
    .post(
      "/v1/admin/dead-letters/:module/:letter/discard",
      ({ call, params }) => call(of(params.module).cleaveDiscard, { id: Number(params.letter) }),
      { access: ["admin"], params: t.Object({ module: Text, letter: Digits }) },
    );
}

/** What staff see and do of those who take in events: who is behind, has stopped or misses some. */
export function consumerRoutes({ of, all }: Offered, edge: Edge) {
  return new Elysia({ name: "consumer operations" })
    .use(edge)
    .post(
      "/v1/admin/consumers/:module/:producer/:seq/set-aside",
      ({ call, params: { module, producer, seq } }) =>
        call(of(module).cleaveSetAside, { producer, seq: Number(seq) }),
      { access: ["admin"], params: t.Object({ module: Text, producer: Text, seq: Digits }) },
    )
    .get(
      "/v1/admin/consumers",
      async ({ call }) =>
        (await Promise.all(all().map((one) => call(one.cleaveReaders, {})))).flat(),
      { access: ["staff", "admin"] },
    )
    .post(
      "/v1/admin/consumers/:module/:producer/skip",
      async ({ call, params: { module, producer } }) => {
        const readers = await call(of(producer).cleaveReaders, {});
        const missing = readers.find(({ reader }) => reader === module)?.missing ?? null;
        if (missing === null) return { skipped: false };
        return call(of(module).cleaveSkip, { producer, upTo: missing.upTo });
      },
      { access: ["admin"], params: t.Object({ module: Text, producer: Text }) },
    );
}
