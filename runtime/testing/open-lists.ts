import { Kind, type TSchema } from "@sinclair/typebox";
import { type Contract, fullName } from "../contract/contract.ts";
import { partsOf } from "../contract/schema.ts";

/**
 * The lists and records of a contract that may have any number of items, a sentence for each. Such
 * a list grows until a call that carries it is refused for its size.
 */
export function openListsOf(contract: Contract): string[] {
  return Object.values(contract).flatMap((one) => {
    const name = fullName(one);
    if (one.kind === "event") return openLists(one.payload, `The payload of ${name}`);
    const errors = Object.entries(one.errors);
    return [
      ...openLists(one.input, `The input of ${name}`),
      ...openLists(one.output, `The output of ${name}`),
      ...errors.flatMap(([code, data]) => openLists(data, `The data of ${name} ${code}`)),
    ];
  });
}

function openLists(schema: TSchema, where: string): string[] {
  const kind = schema[Kind];
  const bound = kind === "Array" ? "maxItems" : "maxProperties";
  const isOpen = (kind === "Array" || kind === "Record") && schema[bound] === undefined;
  const own = isOpen
    ? [`${where} has a list without a bound. Give it ${bound}, and fill it within that.`]
    : [];
  if (kind === "Object") {
    const properties = Object.entries<TSchema>(schema["properties"]);
    return properties.flatMap(([name, part]) => openLists(part, `${where}, at ${name},`));
  }
  return [...own, ...partsOf(schema).flatMap((part) => openLists(part, where))];
}
