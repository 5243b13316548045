import { handler } from "#runtime";
import { products } from "../contract.ts";
import { allCategories } from "../store/products.ts";

export const categories = handler(products.categories, (_input, { read }) => allCategories(read));
