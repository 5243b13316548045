import { payments } from "#modules/payments";
import type { Beyond, Outside } from "#runtime/simulation";
import { type Mailer, mailer } from "../../modules/notifications/ports/mailer.ts";
import { paymentProvider } from "../../modules/payments/payment-provider.ts";
import { type PaymentProvider, ProviderTimeout } from "../../modules/payments/provider.ts";
import { openSimulator } from "../../modules/payments/simulator/simulator.ts";
import { ciphers } from "./ciphers.ts";
import { PostOffice } from "./post-office.ts";
import { providerBooks } from "./provider-books.ts";

const SECRET = "whsec_of_the_simulation";
/** When a process takes a provider, and a mail server, for silent. */
const PROVIDER_MS = 20_000;
const MAIL_MS = 10_000;

/** The payment provider and the mail server beyond the shop, and what hashes and signs for it. */
export function beyondTheShop(outside: Outside): Beyond {
  const provider = openSimulator(outside.world, {
    secret: SECRET,
    async deliver(body, signature) {
      await outside.call(payments.receiveWebhook, { provider: "simulator", body, signature });
      return true;
    },
  });
  const books = providerBooks(provider);
  const post = new PostOffice();
  const ports: Beyond["ports"] = (process) => {
    const ask = <T>(what: string, work: () => Promise<T>) =>
      outside.serve(process, work, {
        what: `provider ${what}`,
        lostMs: PROVIDER_MS,
        lost: () => new ProviderTimeout("The provider did not answer in time."),
      });
    const remote: PaymentProvider = {
      name: provider.name,
      challenges: provider.challenges,
      authorise: (request) => ask("authorise", () => books.authorise(request)),
      capture: (request) => ask("capture", () => provider.capture(request)),
      cancel: (request) => ask("cancel", () => provider.cancel(request)),
      refund: (request) => ask("refund", () => provider.refund(request)),
      intentOf: (by) => ask("inquiry", () => provider.intentOf(by)),
      verifyWebhook: (body, signature) => provider.verifyWebhook(body, signature),
    };
    const mails: Mailer = {
      isMailbox: false,
      publicUrl: outside.world.publicUrl,
      send: (mail) =>
        outside
          .serve(process, () => post.take(mail), {
            what: "mail",
            lostMs: MAIL_MS,
            lost: () => new Error("The mail server did not answer."),
          })
          .catch((error: Error) => ({ kind: "failed" as const, reason: error.message })),
      close() {},
    };
    return [[paymentProvider, remote], [mailer, mails], ...ciphers(outside, process)];
  };
  return {
    ports,
    invariants: [...books.invariants, ...post.invariants],
    close: () => provider.close(),
  };
}
