import type { Message } from "../../transport/nats/link.ts";

const decoder = new TextDecoder();

/** A message on its way; it is turned into bytes, text and headers only when asked for them. */
export class SentMessage implements Message {
  readonly subject: string;
  readonly reply: string;
  readonly #payload: Uint8Array | string;
  readonly #lines: string | undefined;
  readonly #code: number;
  #headers: HeaderLines | undefined;

  constructor(
    subject: string,
    payload: Uint8Array | string,
    about: { readonly reply?: string; readonly headers?: string; readonly code?: number },
  ) {
    this.subject = subject;
    this.reply = about.reply ?? "";
    this.#payload = payload;
    this.#lines = about.headers;
    this.#code = about.code ?? 0;
  }

  string(): string {
    const payload = this.#payload;
    return typeof payload === "string" ? payload : decoder.decode(payload);
  }

  get headers(): HeaderLines | undefined {
    if (this.#lines === undefined && this.#code === 0) return undefined;
    this.#headers ??= new HeaderLines(this.#lines ?? "", this.#code);
    return this.#headers;
  }

  /** How many bytes it has, as a broker counts them. */
  get bytes(): number {
    const payload = this.#payload;
    const size = typeof payload === "string" ? Buffer.byteLength(payload) : payload.byteLength;
    return this.#lines === undefined ? size : size + this.#lines.length + ENVELOPE_BYTES;
  }
}

/** `NATS/1.0` and two line ends, which enclose the headers. */
const ENVELOPE_BYTES = 12;

/** Headers as the text that they are sent as. */
class HeaderLines {
  readonly code: number;
  readonly #lines: string;

  constructor(lines: string, code: number) {
    this.#lines = `\n${lines}`;
    this.code = code;
  }

  get(name: string): string {
    const start = this.#lines.indexOf(`\n${name}:`);
    if (start < 0) return "";
    const end = this.#lines.indexOf("\r\n", start);
    return this.#lines.slice(start + name.length + 2, end < 0 ? undefined : end).trim();
  }

  has(name: string): boolean {
    return this.#lines.includes(`\n${name}:`);
  }
}
