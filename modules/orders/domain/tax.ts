export const taxClasses = ["standard", "reduced", "zero"] as const;
export type TaxClass = (typeof taxClasses)[number];

/** Where the shop is at home: carts without an address are taxed as if they went there. */
export const homeCountry = "DE";

/** The tax rates of one country, in basis points. */
export type TaxRates = { readonly [Class in TaxClass]: number };

/** Rates from a country's rows. A country without rows is an export: free of tax. */
export function taxRates(
  rows: readonly { readonly taxClass: TaxClass; readonly basisPoints: number }[],
): TaxRates {
  const rates = { standard: 0, reduced: 0, zero: 0 };
  for (const row of rows) rates[row.taxClass] = row.basisPoints;
  return rates;
}
