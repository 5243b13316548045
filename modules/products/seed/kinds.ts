type TaxClass = "standard" | "reduced" | "zero";

/** One way in which a product is sold: its options, and what they do to price and weight. */
export interface Form {
  readonly options: { readonly [name: string]: string };
  /** In hundredths of the product's own price. */
  readonly pricePercent: number;
  /** The weight of goods sold by weight or volume; undefined leaves the product's own. */
  readonly weightGrams?: number;
}

export type Kind =
  | "garment"
  | "hat"
  | "shoe"
  | "coloured"
  | "jewel"
  | "plain"
  | "furniture"
  | "fabric"
  | "capacity"
  | "set"
  | "appliance"
  | "storage"
  | "pack"
  | "flower"
  | "grade"
  | "shade"
  | "bottle"
  | "food"
  | "loaf"
  | "jar"
  | "spice"
  | "drink";

const colours = ["black", "white", "navy", "red", "green", "grey", "beige", "burgundy"];
const food: readonly Kind[] = ["food", "loaf", "jar", "spice", "drink"];

/** Food is taxed at the reduced rate. */
export function taxClassOf(kind: Kind): TaxClass {
  return food.includes(kind) ? "reduced" : "standard";
}

/** The forms of one product. `pick` chooses a whole number below its argument. */
export function formsOf(kind: Kind, pick: (below: number) => number): Form[] {
  switch (kind) {
    case "garment":
      return cross(
        same("size", "S", "M", "L"),
        same("colour", ...twoColours(pick).slice(pick(5) < 2 ? 0 : 1)),
      );
    case "hat":
      return same("size", "S", "M", "L");
    case "shoe":
      return same("size", "37", "38", "39", "40", "41", "42", "43", "44");
    case "coloured":
      return same("colour", ...twoColours(pick));
    case "jewel":
      return priced("metal", { silver: 100, gold: 290 });
    case "plain":
      return [{ options: {}, pricePercent: 100 }];
    case "furniture":
      return priced("finish", { oak: 100, walnut: 115, white: 90 });
    case "fabric":
      return same("colour", ...twoColours(pick), "natural");
    case "grade":
      return priced("grade", { student: 100, professional: 320 });
    case "shade":
      return same("shade", "light", "medium", "dark");
    case "flower":
      return weighed("form", { seeds: [40, 20], potted: [100, 900] });
    default:
      return measured(kind);
  }
}

function measured(kind: Kind): Form[] {
  switch (kind) {
    case "capacity":
      return priced("capacity", { "1 l": 100, "2 l": 135 });
    case "appliance":
      return priced("capacity", { compact: 100, standard: 130 });
    case "storage":
      return priced("storage", { "512 GB": 100, "1 TB": 125 });
    case "set":
      return priced("set", { single: 100, "4 pieces": 360 });
    case "pack":
      return priced("pack", { "10": 100, "50": 420 });
    case "bottle":
      return weighed("volume", { "50 ml": [100, 110], "200 ml": [310, 320] });
    case "loaf":
      return weighed("weight", { "400 g": [100, 400], "800 g": [180, 800] });
    case "jar":
      return weighed("weight", { "200 g": [100, 350], "500 g": [220, 750] });
    case "spice":
      return weighed("weight", { "40 g": [100, 60], "100 g": [210, 130] });
    case "drink":
      return weighed("volume", { "330 ml": [100, 360], "1 l": [240, 1080] });
    default:
      return weighed("weight", { "250 g": [100, 260], "1 kg": [360, 1020] });
  }
}

function twoColours(pick: (below: number) => number): string[] {
  const first = pick(colours.length);
  const second = (first + 1 + pick(colours.length - 1)) % colours.length;
  return [first, second].map((at) => colours[at] ?? "black");
}

function same(name: string, ...values: string[]): Form[] {
  return values.map((value) => ({ options: { [name]: value }, pricePercent: 100 }));
}

function priced(name: string, values: { readonly [value: string]: number }): Form[] {
  return Object.entries(values).map(([value, pricePercent]) => ({
    options: { [name]: value },
    pricePercent,
  }));
}

function weighed(name: string, values: { readonly [value: string]: [number, number] }): Form[] {
  return Object.entries(values).map(([value, [pricePercent, weightGrams]]) => ({
    options: { [name]: value },
    pricePercent,
    weightGrams,
  }));
}

function cross(first: Form[], second: Form[]): Form[] {
  return first.flatMap((one) =>
    second.map((other) => ({ ...one, options: { ...one.options, ...other.options } })),
  );
}
