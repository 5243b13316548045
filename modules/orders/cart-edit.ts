import type { Read, Transaction } from "#runtime";
import { type CartAccess, type CartContext, editableCart } from "./cart-access.ts";
import { type Cart, requoted } from "./domain/cart.ts";
import { type CartView, keepOffered, type ShippingOption } from "./domain/priced-cart.ts";
import { cartView, type Neighbours, optionsFor, type Quotes, quotesOf } from "./pricing.ts";
import { saveCart } from "./store/carts.ts";

/** One edit of a cart. Its functions may run more than once. */
export interface Edit {
  /** A variant that is not in the cart yet. */
  readonly variantId?: string;
  /** The cart with the edit; throws what the handler refuses. */
  readonly apply: (cart: Cart, quotes: Quotes) => Cart;
  /**
   * The cart with a delivery out of these; without it the chosen one is kept while it is offered.
   */
  readonly choose?: (cart: Cart, options: readonly ShippingOption[]) => Cart;
}

interface EditContext<Answer> extends CartContext {
  readonly read: Read;
  readonly call: Neighbours;
  transaction(work: (tx: Transaction) => CartView): Promise<Answer>;
}

/**
 * Edits a cart and answers with the whole of it, priced anew.
 *
 * The neighbours are asked first, about the cart as it was then. The edit itself is applied to the
 * cart as it is in the transaction, so no parallel edit is lost; lines that one of those added are
 * shown with the quote that they came with, and the next look at the cart prices all alike.
 */
export async function editCart<Answer>(
  access: CartAccess,
  context: EditContext<Answer>,
  edit: Edit,
): Promise<Answer> {
  const { read, call, transaction } = context;
  const seen = editableCart(read, access, context);
  const variantIds = seen.lines.map((line) => line.variantId);
  if (edit.variantId !== undefined) variantIds.unshift(edit.variantId);
  const quotes = await quotesOf(call, variantIds);
  const planned = edit.apply(seen, quotes);
  const asks = edit.choose !== undefined || planned.shippingOptionId !== null;
  const options = asks ? await optionsFor(call, planned, quotes) : null;
  return await transaction((tx) => {
    const applied = edit.apply(editableCart(tx, access, context), quotes);
    const chosen = chosenDelivery(edit, applied, options);
    const lines = chosen.lines.map((line) => ({ ...line, quote: requoted(line, quotes) }));
    const saved = saveCart(tx, { ...chosen, lines }, tx.now);
    return cartView(tx, saved, { quotes, options, nowMs: tx.now });
  });
}

function chosenDelivery(
  { choose }: Edit,
  cart: Cart,
  options: readonly ShippingOption[] | null,
): Cart {
  if (choose !== undefined) return choose(cart, options ?? []);
  return options === null ? cart : keepOffered(cart, options);
}
