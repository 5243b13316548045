/** An order of five lines, as one module hands it to another. */
export const order = {
  orderId: "ord_01890a5d-ac96-774b-bcce-b302099a8057",
  email: "ada@example.com",
  currency: "EUR",
  lines: [1, 2, 3, 4, 5].map((line) => ({
    variantId: `var_01890a5d-ac96-774b-bcce-b302099a805${line}`,
    sku: `C0006-${line}`,
    quantity: line,
    unitPrice: { amount: 199 * line, currency: "EUR" },
  })),
};

/** What the callee answers: enough work to need its input, and no more. */
export function totalOf(lines: readonly { quantity: number; unitPrice: { amount: number } }[]) {
  let amount = 0;
  for (const line of lines) amount += line.quantity * line.unitPrice.amount;
  return amount;
}

/** Calls between two turns of the event loop: in a real process it never stands still. */
export const CALLS_A_TURN = 500;

/** Lets the event loop turn once, so that timers run. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
