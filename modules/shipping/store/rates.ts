import { eq } from "drizzle-orm";
import { type Read, reads } from "#runtime";
import type { Area, Method } from "../domain/quote.ts";
import * as schema from "../schema.ts";
import { areas, methods, tiers } from "../schema.ts";

type TieredMethod = Method & { readonly tiers: Method["tiers"][number][] };

/** The rates, read once from each open database: only migrations write them. */
const rates = reads(schema, (db) => {
  const areasByCountry = new Map<string, Area[]>();
  for (const { country, ...area } of db.select().from(areas).all()) {
    areasByCountry.set(country, [...(areasByCountry.get(country) ?? []), area]);
  }
  const methodsByZone = new Map<string, TieredMethod[]>();
  const rows = db
    .select({
      zoneId: methods.zoneId,
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
    .all();
  for (const { zoneId, weightGramsMax, amount, ...method } of rows) {
    const zone = methodsByZone.get(zoneId) ?? [];
    methodsByZone.set(zoneId, zone);
    const known = zone.find((one) => one.optionId === method.optionId);
    if (known === undefined) zone.push({ ...method, tiers: [{ weightGramsMax, amount }] });
    else known.tiers.push({ weightGramsMax, amount });
  }
  return { areasByCountry, methodsByZone };
});

/** The areas of a country; none when it is not served. */
export function areasOf(on: Read, country: string): readonly Area[] {
  return rates(on).areasByCountry.get(country) ?? [];
}

/** The methods of a zone, with their tiers. */
export function methodsOf(on: Read, zoneId: string): readonly Method[] {
  return rates(on).methodsByZone.get(zoneId) ?? [];
}
