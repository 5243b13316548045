import type { Envelope, Transport } from "./transport.ts";

/**
 * Joins the transport within an instance and the one between instances: what concerns two modules
 * of this instance stays in process, and neither can tell. A replica of a module has its owner
 * elsewhere: what only that answers goes there.
 */
export function joined(
  here: ReadonlySet<string>,
  { local, remote }: { readonly local: Transport; readonly remote: Transport },
): Transport {
  const towards = (module: string) => (here.has(module) ? local : remote);
  /** The modules of which this instance has a replica. */
  const replicas = new Set<string>();
  return {
    own: (claim) => remote.own(claim),
    serve(offer, serve) {
      if (offer.isReader) replicas.add(offer.module);
      else replicas.delete(offer.module);
      const withdrawals = [remote.serve(offer, serve), local.serve(offer, serve)];
      return async () => {
        for (const withdraw of withdrawals) await withdraw();
      };
    },
    call(procedure, input, request) {
      const { module, ownerOnly } = procedure;
      const to = ownerOnly && replicas.has(module) ? remote : towards(module);
      return to.call(procedure, input, request);
    },
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
