import { connect, type HttpConnection, requestBytes } from "./connection.ts";

/** Asks the shop's API for what a load needs before its clock starts. */
export class Api implements Disposable {
  readonly #connection: HttpConnection;

  private constructor(connection: HttpConnection) {
    this.#connection = connection;
  }

  static async open(origin: string): Promise<Api> {
    return new Api(await connect(origin));
  }

  /** Sends one request and reads its JSON; throws unless the answer is a success. */
  async ask<T>(
    method: string,
    path: string,
    { headers = {}, body }: { headers?: Record<string, string>; body?: unknown } = {},
  ): Promise<T> {
    const text = body === undefined ? null : JSON.stringify(body);
    const answer = await this.#connection.send(requestBytes({ method, path, headers, body: text }));
    if (answer.status >= 200 && answer.status < 300) return JSON.parse(answer.body.toString());
    throw new Error(`${method} ${path} answered ${answer.status}: ${answer.body.toString()}`);
  }

  [Symbol.dispose](): void {
    this.#connection.close();
  }
}

/** Runs `work` for 0 … count − 1 over some connections at once; the results are in order. */
export async function overConnections<T>(
  origin: string,
  { count, clients }: { readonly count: number; readonly clients: number },
  work: (api: Api, index: number) => Promise<T>,
): Promise<T[]> {
  const results = new Array<T>(count);
  let next = 0;
  async function client(): Promise<void> {
    using api = await Api.open(origin);
    while (next < count) {
      const index = next++;
      results[index] = await work(api, index);
    }
  }
  await Promise.all(Array.from({ length: Math.min(clients, count) }, client));
  return results;
}
