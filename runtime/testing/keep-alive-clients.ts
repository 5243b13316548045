import { connect, type Socket } from "node:net";

/** What became of the requests of clients that send one after the other. */
export interface KeepAliveTally {
  answered: number;
  /** Answers whose connection was to be closed after them. */
  closing: number;
  /** Requests that were sent on an open connection and not answered. */
  lost: number;
  readonly statuses: Map<number, number>;
}

/** What a client sends next, as a request's text. */
export type NextRequest = (client: number, count: number) => string;

/**
 * Has clients send requests, each on a connection that it keeps as long as the server does, until
 * nobody listens any more.
 */
export async function keepAliveClients(
  url: string,
  clients: number,
  next: NextRequest,
): Promise<KeepAliveTally> {
  const tally: KeepAliveTally = { answered: 0, closing: 0, lost: 0, statuses: new Map() };
  const one = async (client: number) => {
    let count = 0;
    for (;;) {
      using connection = await Connection.to(url);
      if (connection === undefined) return;
      while (!connection.isClosed) {
        const answer = await connection.ask(next(client, count++));
        if (answer === undefined) {
          tally.lost += 1;
          break;
        }
        tally.answered += 1;
        const status = Number(answer.slice(9, 12));
        tally.statuses.set(status, (tally.statuses.get(status) ?? 0) + 1);
        if (!/^connection: close\r$/im.test(answer)) continue;
        tally.closing += 1;
        await connection.closed;
      }
    }
  };
  await Promise.all(Array.from({ length: clients }, (_, client) => one(client)));
  return tally;
}

/** The text of a request with a JSON body, or without one. */
export function requestText(line: string, headers: readonly string[] = [], body = ""): string {
  const about = [
    "Host: shop.test",
    ...headers,
    ...(body === ""
      ? []
      : ["Content-Type: application/json", `Content-Length: ${Buffer.byteLength(body)}`]),
  ];
  return `${line} HTTP/1.1\r\n${about.join("\r\n")}\r\n\r\n${body}`;
}

class Connection implements Disposable {
  /** Resolves when the server has closed it. */
  readonly closed: Promise<void>;
  isClosed = false;
  readonly #socket: Socket;
  #received = "";
  #notice = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (data) => {
      this.#received += data.toString();
      this.#notice();
    });
    socket.on("error", () => {});
    this.closed = new Promise((resolve) => {
      socket.once("close", () => {
        this.isClosed = true;
        this.#notice();
        resolve();
      });
    });
  }

  /** Connects; undefined when nobody listens. */
  static to(url: string): Promise<Connection | undefined> {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    return new Promise((resolve) => {
      socket.once("connect", () => resolve(new Connection(socket)));
      socket.once("error", () => resolve(undefined));
    });
  }

  /** Sends a request and resolves with its answer; undefined when it got none. */
  async ask(request: string): Promise<string | undefined> {
    this.#received = "";
    this.#socket.write(request);
    for (;;) {
      if (isWhole(this.#received)) return this.#received;
      if (this.isClosed) return undefined;
      await new Promise<void>((resolve) => {
        this.#notice = resolve;
      });
    }
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}

function isWhole(received: string): boolean {
  const end = received.indexOf("\r\n\r\n");
  if (end === -1) return false;
  const length = Number(/^content-length: (\d+)\r$/im.exec(received)?.[1] ?? 0);
  return Buffer.byteLength(received.slice(end + 4)) >= length;
}
