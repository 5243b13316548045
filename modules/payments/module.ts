import { defineModule } from "#runtime";
import { payments } from "./contract.ts";
import { audit } from "./handlers/audit.ts";
import { authorise } from "./handlers/authorise.ts";
import { capture } from "./handlers/capture.ts";
import { challengeOf } from "./handlers/challenge-of.ts";
import { completeChallenge } from "./handlers/complete-challenge.ts";
import { paymentById } from "./handlers/payment-by-id.ts";
import { paymentOfOrder } from "./handlers/payment-of-order.ts";
import { receiveWebhook } from "./handlers/receive-webhook.ts";
import { refund } from "./handlers/refund.ts";
import { refundsOf } from "./handlers/refunds-of.ts";
import { resolvePayment } from "./handlers/resolve-payment.ts";
import { reverse } from "./handlers/reverse.ts";
import { syncPayment } from "./handlers/sync-payment.ts";
import initial from "./migrations/0000_initial.sql" with { type: "text" };
import { paymentProvider } from "./payment-provider.ts";
import * as schema from "./schema.ts";

export default defineModule({
  contract: payments,
  handlers: {
    audit,
    authorise,
    capture,
    challengeOf,
    completeChallenge,
    paymentById,
    paymentOfOrder,
    receiveWebhook,
    refund,
    refundsOf,
    resolvePayment,
    reverse,
    syncPayment,
  },
  schema,
  migrations: [{ name: "0000_initial", sql: initial }],
  ports: [paymentProvider],
});
