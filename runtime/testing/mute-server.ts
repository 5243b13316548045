import { PAYLOAD_BYTES_MAX } from "../transport/nats/limits.ts";

const info = {
  server_id: "mute",
  version: "2.9.10",
  proto: 1,
  max_payload: PAYLOAD_BYTES_MAX,
  headers: true,
  nonce: "nonce",
  auth_required: true,
};

/** A server of NATS that lets in whoever has a key, and says nothing of what is published. */
export interface MuteServer extends Disposable {
  readonly url: string;
  /** How many clients have come. */
  readonly clients: number;
}

/** Starts one that doesn't let in the first `ignored` clients, and doesn't tell them either. */
export function muteServer({ ignored = 0 } = {}): MuteServer {
  let clients = 0;
  const listener = Bun.listen<{ readonly number: number }>({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open(socket) {
        clients += 1;
        socket.data = { number: clients };
        socket.write(`INFO ${JSON.stringify(info)}\r\n`);
      },
      data(socket, data) {
        const said = data.toString();
        if (socket.data.number <= ignored) return;
        if (said.startsWith("CONNECT") && !said.includes('"nkey"')) {
          socket.end("-ERR 'Authorization Violation'\r\n");
        } else if (said.includes("PING\r\n")) {
          socket.write("PONG\r\n");
        }
      },
    },
  });
  return {
    url: `nats://127.0.0.1:${listener.port}`,
    get clients() {
      return clients;
    },
    [Symbol.dispose]: () => listener.stop(true),
  };
}
