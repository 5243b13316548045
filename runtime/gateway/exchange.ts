import type { Server } from "bun";
import type { Environment } from "../contract/environment.ts";
import { anonymous, type Identity } from "../contract/identity.ts";
import { announcesBody } from "./intake.ts";

/**
 * The key under which a request carries its exchange. A WeakMap costs a tenth of the throughput.
 */
const exchangeKey: unique symbol = Symbol("exchange");

/** What the gateway knows of one request, from its arrival to the line in the access log. */
export class Exchange {
  readonly traceId: string;
  /** When it arrived, by the monotonic clock. */
  readonly startedAtMs: number;
  readonly #request: Request;
  readonly #server: Server<unknown>;
  identity: Identity = anonymous;
  /** The route's pattern, as in `/v1/products/:slug`; empty until one matched. */
  route = "";
  /** Why it was answered before it reached its route, which it is not to reach any more then. */
  givenUp: Error | undefined;
  /** True while the sender's access token is verified. */
  isIdentifying = false;
  /** The code of the problem that was answered; empty when none was. */
  code = "";

  constructor(
    request: Request,
    server: Server<unknown>,
    environment: Pick<Environment, "monotonic" | "newTraceId">,
  ) {
    this.traceId = environment.newTraceId();
    this.startedAtMs = environment.monotonic();
    this.#request = request;
    this.#server = server;
  }

  /** The network address of the sender, which is asked for only when needed. */
  address(): string {
    return this.#server.requestIP(this.#request)?.address ?? "nowhere";
  }

  /**
   * True until the whole body has come, for a request that is neither at its route nor being
   * identified: what the gateway does besides takes no time.
   */
  get awaitsBody(): boolean {
    return this.route === "" && !this.isIdentifying && announcesBody(this.#request.headers);
  }

  /** Sets after how many seconds without traffic the connection is reset; 0 is never. */
  setIdleTimeout(seconds: number): void {
    this.#server.timeout(this.#request, seconds);
  }
}

/** A request that carries its exchange: a property costs less than a look-up in a map. */
interface Received extends Request {
  [exchangeKey]?: Exchange;
}

/** Gives a request its exchange. */
export function attachExchange(request: Request, exchange: Exchange): void {
  // Any request can be given one more property.
  (request as Received)[exchangeKey] = exchange;
}

/** The exchange of a request that came in through the gateway. */
export function exchangeOf(request: Request): Exchange {
  // The property is optional, so every request is a Received.
  const exchange = (request as Received)[exchangeKey];
  if (exchange !== undefined) return exchange;
  throw new Error("A request reached the routes without passing through the gateway.");
}
