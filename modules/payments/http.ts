import { payments } from "#modules/payments";
import { t } from "#runtime";
import { type Edge, Elysia, problem } from "#runtime/http";
import { challengePage } from "./http/challenge-page.ts";

const One = t.Object({ id: payments.syncPayment.input.properties.paymentId });
const Challenge = t.Object({ intent: payments.challengeOf.input.properties.reference });
const Result = t.Object({ result: payments.completeChallenge.input.properties.result });
const { state, actionUrl } = payments.syncPayment.output.properties;
/** What a customer may know: the id cannot be guessed, and nothing here is worth guessing it. */
const Status = t.Object({ paymentId: One.properties.id, state, actionUrl });

/** The customer's view of a payment, the provider's webhooks, the staff's tools. */
export function http(edge: Edge) {
  return new Elysia({ name: "payments" })
    .use(edge)
    .guard({ access: "public" })
    .get(
      "/v1/payments/:id",
      async ({ call, params }) =>
        (await call(payments.paymentById, { paymentId: params.id })).payment,
      { params: One, response: Status },
    )
    .post(
      "/v1/payments/:id/confirm",
      ({ call, params }) => call(payments.syncPayment, { paymentId: params.id }),
      { params: One, response: Status },
    )
    .post(
      "/v1/webhooks/payments/:provider",
      ({ call, params, body, headers }) =>
        call(payments.receiveWebhook, {
          provider: params.provider,
          body,
          signature: headers["webhook-signature"],
        }),
      {
        // The signature is over the bytes as they came.
        parse: "text",
        params: t.Object({ provider: payments.receiveWebhook.input.properties.provider }),
        headers: t.Object({
          "webhook-signature": payments.receiveWebhook.input.properties.signature,
        }),
        body: payments.receiveWebhook.input.properties.body,
        response: payments.receiveWebhook.output,
      },
    )
    .use(staffRoutes(edge))
    .use(challengeRoutes(edge));
}

function staffRoutes(edge: Edge) {
  return new Elysia({ name: "payments-staff" })
    .use(edge)
    .guard({ access: ["staff", "admin"] })
    .get(
      "/v1/admin/orders/:orderId/payment",
      async ({ call, params }) => {
        const newest = await call(payments.paymentOfOrder, params);
        if (newest !== null) return newest;
        throw problem(404, "payment_not_found", "There is no payment of this order.");
      },
      { params: payments.paymentOfOrder.input, response: payments.syncPayment.output },
    )
    .get(
      "/v1/admin/payments/:id",
      ({ call, params }) => call(payments.paymentById, { paymentId: params.id }),
      { params: One, response: payments.paymentById.output },
    )
    .post(
      "/v1/admin/payments/:id/sync",
      ({ call, params }) => call(payments.syncPayment, { paymentId: params.id }),
      { params: One, response: payments.syncPayment.output },
    )
    .post(
      "/v1/admin/payments/:id/capture",
      async ({ call, params, requireKey }) => {
        const key = requireKey();
        const { payment } = await call(payments.paymentById, { paymentId: params.id });
        return call(payments.capture, { orderId: payment.orderId }, { key });
      },
      { params: One, response: payments.capture.output },
    );
}

/** The simulated bank: 404 in production, where nothing is simulated. */
function challengeRoutes(edge: Edge) {
  return new Elysia({ name: "payments-challenge" })
    .use(edge)
    .guard({ access: "public" })
    .get(
      "/dev/3ds/:intent",
      async ({ call, params, query: { result } }) => {
        const reference = params.intent;
        if (result !== undefined) await call(payments.completeChallenge, { reference, result });
        return challengePage(await call(payments.challengeOf, { reference }));
      },
      { params: Challenge, query: t.Partial(Result) },
    )
    .post(
      "/dev/3ds/:intent",
      async ({ call, params, query: { result } }) => {
        const reference = params.intent;
        await call(payments.completeChallenge, { reference, result });
        return challengePage(await call(payments.challengeOf, { reference }));
      },
      { params: Challenge, query: Result },
    );
}

/** The type of the payments' routes, for their client. */
export type PaymentsHttp = ReturnType<typeof http>;
