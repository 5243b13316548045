import type { Envelope, Transport } from "./transport.ts";

/**
 * Joins the transport within an instance and the one between instances: what concerns two modules
 * of this instance stays in process, and neither can tell.
 */
export function joined(
  here: ReadonlySet<string>,
  { local, remote }: { readonly local: Transport; readonly remote: Transport },
): Transport {
  const towards = (module: string) => (here.has(module) ? local : remote);
  return {
    own: (claim) => remote.own(claim),
    serve(offer, serve) {
      const withdrawals = [remote.serve(offer, serve), local.serve(offer, serve)];
      return async () => {
        for (const withdraw of withdrawals) await withdraw();
      };
    },
    call: (procedure, input, request) => towards(procedure.module).call(procedure, input, request),
    publish(source) {
      const published = [local.publish(source), remote.publish(source)];
      return (envelopes: readonly Envelope[]) => {
        for (const publish of published) publish(envelopes);
      };
    },
    subscribe: (subscription) => towards(subscription.producer).subscribe(subscription),
    async ready() {
      for (const transport of [local, remote]) await transport.ready();
    },
    async idle() {
      for (const transport of [local, remote]) await transport.idle();
    },
    busy: () => local.busy() || remote.busy(),
    async close() {
      for (const transport of [local, remote]) await transport.close();
    },
  };
}
