/** The simulated bank's page, on which a customer allows a payment or does not. */
export function challengePage(challenge: {
  readonly orderId: string;
  readonly amount: { readonly amount: number; readonly currency: string };
  readonly open: boolean;
}): Response {
  const { orderId, amount, open } = challenge;
  const sum = `${amount.amount} minor units of ${amount.currency}`;
  const choice = open
    ? `<p>Pay ${escaped(sum)} for order ${escaped(orderId)}?</p>
<form method="post" action="?result=ok"><button>Allow</button></form>
<form method="post" action="?result=fail"><button>Refuse</button></form>`
    : `<p>This payment is decided. You may go back to the shop.</p>`;
  const page = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>3-D Secure (simulated)</title></head>
<body><h1>Simulated bank</h1>${choice}</body></html>`;
  return new Response(page, { headers: { "content-type": "text/html; charset=utf-8" } });
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
