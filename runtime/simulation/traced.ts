import { fullName } from "../contract/contract.ts";
import { isDomainError } from "../contract/errors.ts";
import type { Envelope, Transport } from "../transport/transport.ts";
import type { World } from "./world.ts";

/**
 * Has what a process calls and publishes told in the story. It is no part of the digest, and takes
 * no turn of the promises that it passes on: a run that is told goes as it does untold.
 */
export function traced(inner: Transport, world: World, where: string): Transport {
  const tell = (what: string, detail: unknown) => world.tell(where, what, JSON.stringify(detail));
  return {
    own: (claim) => inner.own(claim),
    serve: (offer, serve) => inner.serve(offer, serve),
    call(procedure, input, request) {
      const name = fullName(procedure);
      const by = `${request.caller} in trace ${request.traceId.slice(0, 8)}`;
      tell(`call ${name} by ${by}`, input);
      const answer = inner.call(procedure, input, request);
      void answer.then(
        (value) => tell(`answer of ${name} to ${by}`, value ?? null),
        (error) =>
          tell(
            `${isDomainError(error) ? "refusal" : "failure"} of ${name} to ${by}`,
            error instanceof Error ? error.message : error,
          ),
      );
      return answer;
    },
    publish(source) {
      const publish = inner.publish(source);
      return (envelopes: readonly Envelope[]) => {
        for (const { module, event, seq, payload } of envelopes) {
          world.tell(where, `event ${module}.${event} as number ${seq}`, payload);
        }
        publish(envelopes);
      };
    },
    subscribe: (subscription) =>
      inner.subscribe({
        ...subscription,
        deliver(envelopes) {
          const { consumer, producer } = subscription;
          for (const { event, seq, payload } of envelopes) {
            world.tell(where, `${producer}.${event} number ${seq} comes to ${consumer}`, payload);
          }
          return subscription.deliver(envelopes);
        },
      }),
    ready: () => inner.ready(),
    idle: () => inner.idle(),
    busy: () => inner.busy(),
    close: () => inner.close(),
  };
}
