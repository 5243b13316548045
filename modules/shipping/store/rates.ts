import { eq, sql } from "drizzle-orm";
import { type Read, reads } from "#runtime";
import type { Area, Method } from "../domain/quote.ts";
import { areas, methods, tiers } from "../schema.ts";

const read = reads((db) => ({
  areas: db
    .select({ postcodePrefix: areas.postcodePrefix, zoneId: areas.zoneId })
    .from(areas)
    .where(eq(areas.country, sql.placeholder("country")))
    .prepare(),
  tiers: db
    .select({
      optionId: methods.optionId,
      label: methods.label,
      currency: methods.currency,
      freeFrom: methods.freeFrom,
      daysMin: methods.daysMin,
      daysMax: methods.daysMax,
      weightGramsMax: tiers.weightGramsMax,
      amount: tiers.amount,
    })
    .from(methods)
    .innerJoin(tiers, eq(tiers.optionId, methods.optionId))
    .where(eq(methods.zoneId, sql.placeholder("zoneId")))
    .prepare(),
}));

/** The areas of a country; none when it is not served. */
export function areasOf(on: Read, country: string): Area[] {
  return read(on).areas.all({ country });
}

/** The methods of a zone, with their tiers. */
export function methodsOf(on: Read, zoneId: string): Method[] {
  const found = new Map<string, Method & { readonly tiers: Method["tiers"][number][] }>();
  for (const { weightGramsMax, amount, ...method } of read(on).tiers.all({ zoneId })) {
    const known = found.get(method.optionId) ?? { ...method, tiers: [] };
    found.set(method.optionId, known);
    known.tiers.push({ weightGramsMax, amount });
  }
  return [...found.values()];
}
