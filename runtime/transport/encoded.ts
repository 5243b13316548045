import { checkedProcedure } from "../contract/check.ts";
import type { Procedure } from "../contract/contract.ts";
import { settledIdentity } from "../contract/identity.ts";
import type {
  CallRequest,
  Envelope,
  EventSource,
  Serve,
  Subscription,
  Transport,
} from "./transport.ts";
import { fromWire, toWire } from "./wire-error.ts";

/**
 * Puts a transport's calls and events through their JSON form, both ways.
 *
 * It proves in one process that modules do not lean on shared objects, classes or undefined: what
 * passes here also passes over a wire.
 */
export function encoded(inner: Transport): Transport {
  return {
    own: (claim) => inner.own(claim),
    serve: (offer, serve) => inner.serve(offer, decoding(serve)),
    call: (procedure, input, request) => encodingCall(inner, procedure, { input, request }),
    publish: (source: EventSource) => inner.publish(source),
    subscribe: (subscription: Subscription) =>
      inner.subscribe({
        ...subscription,
        deliver: (envelopes) => subscription.deliver(roundTrip<readonly Envelope[]>(envelopes)),
      }),
    ready: () => inner.ready(),
    idle: () => inner.idle(),
    busy: () => inner.busy(),
    close: () => inner.close(),
  };
}

function decoding(serve: Serve): Serve {
  return async (procedure, encodedInput, request) => {
    try {
      const output = await serve(procedure, JSON.parse(String(encodedInput)), request);
      return JSON.stringify({ output });
    } catch (error) {
      return JSON.stringify({ error: toWire(error) });
    }
  };
}

async function encodingCall(
  inner: Transport,
  procedure: Procedure,
  { input, request }: { readonly input: unknown; readonly request: CallRequest },
): Promise<unknown> {
  // JSON would make a text of a date, and nothing of undefined, before the callee can refuse them.
  const checkedInput = checkedProcedure(procedure).input.copy(input);
  const { signal, ...sent } = request;
  const decoded = roundTrip(sent);
  const identity = settledIdentity(decoded.identity);
  const received = { ...decoded, identity, ...(signal === undefined ? {} : { signal }) };
  const reply = await inner.call(procedure, JSON.stringify(checkedInput), received);
  const answer = JSON.parse(String(reply));
  if ("error" in answer) throw fromWire(answer.error);
  return answer.output;
}

function roundTrip<T>(value: T): T {
  return JSON.parse(JSON.stringify(value));
}
