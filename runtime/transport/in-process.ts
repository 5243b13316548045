import { fullName, type Procedure } from "../contract/contract.ts";
import type { Environment } from "../contract/environment.ts";
import type { TransportError } from "../contract/errors.ts";
import { cancelled, unlessAborted } from "./cancelled.ts";
import { EventLink } from "./event-link.ts";
import type {
  CallRequest,
  Delivery,
  Envelope,
  EventSource,
  Offer,
  Serve,
  Subscription,
  Transport,
} from "./transport.ts";
import { unreachable } from "./unreachable.ts";

/** The transport within one process: a call is a function call, an event goes from log to inbox. */
export function inProcess(environment: Pick<Environment, "after">): Transport {
  return new InProcess(environment);
}

class InProcess implements Transport {
  readonly #environment: Pick<Environment, "after">;
  readonly #served = new Map<string, Serve>();
  readonly #sources = new Map<string, EventSource>();
  readonly #links = new Map<string, EventLink[]>();

  constructor(environment: Pick<Environment, "after">) {
    this.#environment = environment;
  }

  /** Within one process the lock of the database is enough. */
  async own(): Promise<void> {}

  serve({ module }: Offer, serve: Serve): () => Promise<void> {
    this.#served.set(module, serve);
    return async () => {
      if (this.#served.get(module) === serve) this.#served.delete(module);
    };
  }

  call(procedure: Procedure, input: unknown, request: CallRequest): Promise<unknown> {
    const serve = this.#served.get(procedure.module);
    if (serve === undefined) return Promise.reject(nobody(procedure, request));
    const answer = serve(procedure, input, request);
    const { signal } = request;
    if (signal === undefined) return answer;
    return unlessAborted(answer, signal, () => cancelled(fullName(procedure), "unknown"));
  }

  publish(source: EventSource): (envelopes: readonly Envelope[]) => void {
    this.#sources.set(source.module, source);
    for (const link of this.#linksOf(source.module)) link.connect(source);
    return (envelopes) => {
      for (const link of this.#linksOf(source.module)) link.push(envelopes);
    };
  }

  subscribe(subscription: Subscription): Delivery {
    const link = new EventLink(subscription, this.#environment);
    this.#linksOf(subscription.producer).push(link);
    const source = this.#sources.get(subscription.producer);
    if (source !== undefined) link.connect(source);
    return link;
  }

  async ready(): Promise<void> {}

  async idle(): Promise<void> {
    for (const links of this.#links.values()) for (const link of links) await link.idle();
  }

  busy(): boolean {
    return [...this.#links.values()].some((links) => links.some((link) => link.busy));
  }

  async close(): Promise<void> {
    for (const links of this.#links.values()) for (const link of links) await link.close();
  }

  #linksOf(producer: string): EventLink[] {
    const known = this.#links.get(producer);
    if (known !== undefined) return known;
    const links: EventLink[] = [];
    this.#links.set(producer, links);
    return links;
  }
}

function nobody(procedure: Procedure, { caller }: CallRequest): TransportError {
  return unreachable({ caller, module: procedure.module, what: fullName(procedure) });
}
