import { findNatsServer } from "../../runtime/transport/nats/executable.ts";

/** A nats-server that the test runs itself, as somebody may beside Cleave. */
export interface OwnServer extends AsyncDisposable {
  readonly pid: number;
}

/** Starts a nats-server that takes connections, and ends it when it is disposed of. */
export async function runServer(words: readonly string[]): Promise<OwnServer> {
  const { path } = findNatsServer(process.env["NATS_SERVER"]);
  const child = Bun.spawn([path, ...words], { stderr: "pipe" });
  await said(child.stderr, "Server is ready");
  return {
    pid: child.pid,
    async [Symbol.asyncDispose]() {
      child.kill();
      await child.exited;
    },
  };
}

/** An address of this machine where nobody listens. */
export function freeUrl(): string {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  listener.stop(true);
  return `nats://127.0.0.1:${listener.port}`;
}

/** Resolves when a process has written some words, and lets it write on. */
export function said(stream: ReadableStream<Uint8Array>, words: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const decoder = new TextDecoder();
    let text = "";
    void (async () => {
      for await (const chunk of stream) {
        text += decoder.decode(chunk);
        if (text.includes(words)) resolve();
      }
      reject(new Error(`It ended without "${words}". It said: ${text}`));
    })();
  });
}
