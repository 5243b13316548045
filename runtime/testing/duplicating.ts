import { deepStrictEqual } from "node:assert";
import type { Procedure } from "../contract/contract.ts";
import type { CallRequest, Subscription, Transport } from "../transport/transport.ts";

/**
 * Does to a transport what a network may do to it: delivers every event twice, and repeats every
 * call.
 *
 * A command without a key gets one, since only a keyed command may be repeated. The second answer
 * is the one that the caller gets; for a command it must equal the first.
 */
export function duplicating(inner: Transport, newKey: () => string): Transport {
  return {
    own: (claim) => inner.own(claim),
    serve: (offer, serve) => inner.serve(offer, serve),
    call: (procedure, input, request) =>
      twice(inner, procedure, {
        input,
        request: { ...request, key: request.key ?? newKey() },
      }),
    publish: (source) => inner.publish(source),
    subscribe: (subscription: Subscription) =>
      inner.subscribe({
        ...subscription,
        async deliver(envelopes) {
          await subscription.deliver(envelopes);
          await subscription.deliver(envelopes);
        },
      }),
    ready: () => inner.ready(),
    idle: () => inner.idle(),
    busy: () => inner.busy(),
    close: () => inner.close(),
  };
}

async function twice(
  inner: Transport,
  procedure: Procedure,
  { input, request }: { readonly input: unknown; readonly request: CallRequest },
): Promise<unknown> {
  const sent = structuredClone(input);
  const first = await inner.call(procedure, input, request);
  const second = await inner.call(procedure, sent, request);
  if (procedure.kind === "command") deepStrictEqual(second, first);
  return second;
}
