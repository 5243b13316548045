import type { Socket } from "bun";

/** An answer, as far as a load needs it. */
export interface Answer {
  readonly status: number;
  readonly body: Buffer;
}

/** One keep-alive HTTP/1.1 connection with one request under way at a time. */
export interface HttpConnection {
  /** Sends bytes made by `requestBytes` and resolves with the answer. */
  send(request: Uint8Array): Promise<Answer>;
  close(): void;
}

/** A request of which the load knows everything before the clock starts. */
export interface PreparedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

/** The bytes of a request, so that sending it in the timed window costs one write. */
export function requestBytes({ method, path, headers, body }: PreparedRequest): Uint8Array {
  const lines = [`${method} ${path} HTTP/1.1`, "host: 127.0.0.1", "accept: application/json"];
  for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`);
  if (body !== null) {
    lines.push("content-type: application/json", `content-length: ${Buffer.byteLength(body)}`);
  }
  return Buffer.from(`${lines.join("\r\n")}\r\n\r\n${body ?? ""}`);
}

/**
 * Opens a connection that does just enough HTTP to load a server: an answer must have a
 * content-length. `fetch` costs several times as much, and the load shares its two cores with the
 * server that it measures.
 */
export async function connect(origin: string): Promise<HttpConnection> {
  const { hostname, port } = new URL(origin);
  const inbox = new Inbox();
  const socket: Socket = await Bun.connect({
    hostname,
    port: Number(port),
    socket: {
      data: (_, chunk) => inbox.take(chunk),
      close: () => inbox.fail(new Error(`${origin} closed the connection.`)),
      error: (_, error) => inbox.fail(error),
    },
  });
  return {
    send(request) {
      const answer = inbox.next();
      const written = socket.write(request);
      if (written !== request.byteLength) {
        inbox.fail(new Error(`${request.byteLength} bytes did not fit the socket at once.`));
      }
      return answer;
    },
    close: () => socket.end(),
  };
}

/** Collects bytes until the one awaited answer is whole. */
class Inbox {
  #bytes: Buffer = Buffer.alloc(0);
  #resolve: ((answer: Answer) => void) | undefined;
  #reject: ((error: Error) => void) | undefined;

  next(): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  take(chunk: Buffer): void {
    this.#bytes =
      this.#bytes.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.#bytes, chunk]);
    const headEnd = this.#bytes.indexOf("\r\n\r\n");
    if (headEnd < 0) return;
    const head = this.#bytes.toString("latin1", 0, headEnd);
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
    if (length === undefined) return this.fail(new Error(`No content-length in: ${head}`));
    const end = headEnd + 4 + Number(length);
    if (this.#bytes.length < end) return;
    const body = this.#bytes.subarray(headEnd + 4, end);
    this.#bytes = this.#bytes.subarray(end);
    this.#resolve?.({ status: Number(head.slice(9, 12)), body });
  }

  fail(error: Error): void {
    this.#reject?.(error);
  }
}
