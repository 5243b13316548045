import { handler } from "#runtime";
import { products } from "../contract.ts";
import { categoryBySlug, numberOf } from "../store/products.ts";
import { addProduct, saveDocument } from "../store/upkeep.ts";

export const createProduct = handler(products.createProduct, (input, { transaction, fail }) =>
  transaction((tx) => {
    const category = categoryBySlug(tx, input.category);
    if (category === undefined) throw fail("CATEGORY_NOT_FOUND", { category: input.category });
    if (numberOf(tx, input.slug) !== undefined) throw fail("SLUG_TAKEN", { slug: input.slug });

    const number = addProduct(tx, {
      id: tx.newId("prd"),
      slug: input.slug,
      title: input.title,
      description: input.description,
      synonyms: input.synonyms ?? [],
      category,
      state: "draft",
      priceFrom: { amount: 0, currency: "" },
      publishedAtMs: 0,
    });
    return saveDocument(tx, number);
  }),
);
