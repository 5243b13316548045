import type { Socket } from "node:net";
import { SMTPServer } from "smtp-server";

/** A mail that the server took. */
export interface Taken {
  readonly to: readonly string[];
  readonly from: string;
  /** The mail as it came, headers and all. */
  readonly source: string;
}

/** What the server does with the mails offered to it. */
export interface Behaviour {
  /** Refuses with this answer, in turn for each mail; then takes all. */
  readonly refusals?: string[];
  /** Asks for this user and password. */
  readonly login?: { readonly user: string; readonly password: string };
  /** Waits for this before it takes a mail. */
  readonly until?: Promise<void>;
}

/**
 * A real SMTP server on a free port of this machine. `away` has it take no connection, and `asked`
 * counts them.
 */
export async function mailServer({ refusals = [], login, until }: Behaviour = {}) {
  const taken: Taken[] = [];
  const state: { away: "says so" | "hangs up" | undefined; asked: number } = {
    away: undefined,
    asked: 0,
  };
  const { promise: offered, resolve: offer } = Promise.withResolvers<void>();
  const server = new SMTPServer({
    authOptional: login === undefined,
    allowInsecureAuth: true,
    onConnect(_session, done) {
      if (state.away === undefined) return done();
      done(Object.assign(new Error("away"), { responseCode: 421 }));
    },
    onAuth({ username, password }, _session, done) {
      if (username === login?.user && password === login?.password) done(null, { user: username });
      else done(new Error("535 who are you"));
    },
    onRcptTo(address, _session, done) {
      const refusal = refusals.shift();
      if (refusal === undefined) done();
      else done(Object.assign(new Error(`${refusal} <${address.address}>`), { responseCode: 450 }));
    },
    async onData(stream, session, done) {
      const chunks: Buffer[] = [];
      for await (const chunk of stream) chunks.push(chunk);
      offer();
      await until;
      const { mailFrom, rcptTo } = session.envelope;
      taken.push({
        to: rcptTo.map((one) => one.address),
        from: mailFrom === false ? "" : mailFrom.address,
        source: Buffer.concat(chunks).toString(),
      });
      done();
    },
  });
  server.server.on("connection", (socket: Socket) => {
    state.asked += 1;
    if (state.away === "hangs up") socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return Object.assign(state, {
    taken,
    /** Resolves when the first mail has come and is not yet taken. */
    offered,
    address: `127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  });
}
