import { expect, test } from "bun:test";
import { statSync } from "node:fs";
import { jetstream } from "@nats-io/jetstream";
import { type Authenticator, connect, type NatsConnection } from "@nats-io/transport-node";
import { realEnvironment } from "../../host/real-environment.ts";
import { eventually } from "../../testing/eventually.ts";
import { asModule, type TestServer, testServer } from "../../testing/nats-server.ts";
import { sampleManifest } from "../../testing/sample/links.ts";
import { silent } from "../../testing/silent-log.ts";
import { fixedAuthenticatorOf, publicKeys } from "./keys.ts";
import { provisioner } from "./provision.ts";
import { rotateKey } from "./rotation.ts";
import { signalReload } from "./server-process.ts";
import { callSubject, eventSubject, queueOf } from "./subjects.ts";

function optionsFor(shop: TestServer) {
  const { folder, url, server } = shop;
  const reload = () => server.reload();
  return { folder, manifest: sampleManifest, url, environment: realEnvironment(), reload };
}

test("a rotated key replaces the one before, which no longer opens", async () => {
  await using shop = await testServer(sampleManifest);
  const before = publicKeys(shop.folder, "orders");
  const old = fixedAuthenticatorOf(shop.folder, "orders", "current");
  await rotateKey("orders", optionsFor(shop));
  const after = publicKeys(shop.folder, "orders");
  expect(after).toHaveLength(1);
  expect(after).not.toEqual(before);
  expect(statSync(`${shop.folder}/nats/keys/orders.seed`).mode & 0o777).toBe(0o600);
  await shop.connect("orders");
  await expect(connectBy(old, shop.url)).rejects.toThrow();
});

test("a server of another process is reached by its process id", async () => {
  await using shop = await testServer(sampleManifest);
  const reload = () => signalReload(shop.folder);
  await rotateKey("mail", { ...optionsFor(shop), reload });
  await shop.connect("mail");
});

test("a rotation that was cut short is finished by the next one", async () => {
  await using shop = await testServer(sampleManifest);
  const cut = Promise.reject(new Error("cut short"));
  await expect(rotateKey("orders", { ...optionsFor(shop), reload: () => cut })).rejects.toThrow(
    "cut short",
  );
  expect(publicKeys(shop.folder, "orders")).toHaveLength(2);
  await shop.connect("orders");
  await rotateKey("orders", optionsFor(shop));
  expect(publicKeys(shop.folder, "orders")).toHaveLength(1);
  await shop.connect("orders");
});

test("a server that does not read its new users is noticed, and the old key goes on", async () => {
  await using shop = await testServer(sampleManifest);
  const environment = realEnvironment();
  let nowMs = 0;
  const hasty = {
    ...environment,
    monotonic: () => {
      nowMs += 6_000;
      return nowMs;
    },
  };
  const options = { ...optionsFor(shop), environment: hasty, reload: () => {} };
  await expect(rotateKey("orders", options)).rejects.toThrow(
    "it should be that it lets in the new key.",
  );
  await shop.connect("orders");
});

test("a user that does not exist has no key to rotate", async () => {
  await using shop = await testServer(sampleManifest);
  await expect(rotateKey("anybody", optionsFor(shop))).rejects.toThrow(
    "There is no NATS user anybody. Name one of orders, inventory,",
  );
});

test("rotating a user under load loses none of its calls, and disturbs no other user", async () => {
  await using shop = await testServer(sampleManifest);
  serveEchoes(await shop.connect("inventory"), "inventory");
  const rotated = await streamOfCalls("orders", shop);
  const other = await streamOfCalls("gateway", shop, { answerMsMax: 10_000 });

  for (let times = 0; times < 2; times++) {
    await rotateKey("orders", optionsFor(shop));
    await Promise.all([rotated.goesOn(), other.goesOn()]);
  }
  const [ofRotated, ofOther] = await Promise.all([rotated.stop(), other.stop()]);

  expect(ofRotated.answered).toBe(ofRotated.asked);
  expect(ofOther).toEqual({ asked: ofOther.asked, answered: ofOther.asked, repeated: 0 });
});

test("rotating the user that answers loses no call of those who ask", async () => {
  await using shop = await testServer(sampleManifest);
  serveEchoes(await shop.connect("inventory"), "inventory");
  const calls = await streamOfCalls("orders", shop);
  await rotateKey("inventory", optionsFor(shop));
  await calls.goesOn();
  const { asked, answered } = await calls.stop();
  expect(answered).toBe(asked);
});

test("events of others are published and delivered while a user is rotated", async () => {
  await using shop = await testServer(sampleManifest);
  const connection = await shop.connect("provisioner");
  const environment = realEnvironment();
  const about = { connection, manifest: sampleManifest, environment, log: silent };
  await provisioner({ ...about, streamBytesMax: 1024 * 1024 }).ensure();
  const consumers = jetstream(await shop.connect("inventory"), asModule).consumers;
  const consumer = await consumers.get("EV_orders", "inventory");
  const taken: string[] = [];
  const reading = await consumer.consume({
    callback(event) {
      taken.push(event.string());
      event.ack();
    },
  });
  const producer = jetstream(await shop.connect("orders"), asModule);
  let going = true;
  const published: string[] = [];
  const publishing = (async () => {
    for (let count = 0; going; count++) {
      // While it reads its config again, the server has no stream for a moment: relays try again.
      const options = { retries: 20 };
      const subject = eventSubject("orders", "cancelled");
      const { seq } = await producer.publish(subject, `${count}`, options);
      expect(seq).toBe(count + 1);
      published.push(`${count}`);
    }
  })();
  for (const user of ["mail", "provisioner"]) {
    await rotateKey(user, optionsFor(shop));
    const before = published.length;
    await eventually(
      async () => published.length,
      (length) => length > before + 20,
    );
  }
  going = false;
  await publishing;
  await eventually(
    async () => taken.length,
    (length) => length >= published.length,
  );
  expect(taken).toEqual(published);
  await reading.close();
}, 60_000);

async function connectBy(authenticator: Authenticator, servers: string): Promise<NatsConnection> {
  return await connect({ servers, authenticator, reconnect: false });
}

/** Answers every call of a module with what it was asked. */
function serveEchoes(connection: NatsConnection, module: string): void {
  connection.subscribe(callSubject(module, "*", "*"), {
    queue: queueOf(module),
    callback: (_error, message) => void message.respond(message.data),
  });
}

/**
 * Calls inventory as a user, several at a time, until it is stopped. A call that gets no answer,
 * since a connection broke under it, is repeated, as keyed calls are: soon where that is expected,
 * and late where it is not, so that a busy machine is not taken for a broken connection.
 */
async function streamOfCalls(user: string, shop: TestServer, { answerMsMax = 300 } = {}) {
  const connection = await shop.connect(user);
  const subject = callSubject("inventory", "stockOf", user);
  const count = { asked: 0, answered: 0, repeated: 0 };
  let going = true;
  const attempt = async (text: string) => {
    const timeout = answerMsMax;
    const answer = await connection.request(subject, text, { timeout }).catch(() => undefined);
    if (answer === undefined) count.repeated++;
    return answer?.string();
  };
  const caller = async () => {
    while (going) {
      const text = `${user} ${count.asked++}`;
      await eventually(
        () => attempt(text),
        (answer) => answer === text,
      );
      count.answered++;
    }
  };
  const callers = Array.from({ length: 8 }, caller);
  const goesOn = async () => {
    const before = count.answered;
    await eventually(
      async () => count.answered,
      (answered) => answered > before + 100,
    );
  };
  await goesOn();
  return {
    goesOn,
    async stop() {
      going = false;
      await Promise.all(callers);
      return count;
    },
  };
}
