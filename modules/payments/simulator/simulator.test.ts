import { describe, expect, test } from "bun:test";
import { appendFileSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ProviderRefusal, ProviderTimeout } from "../provider.ts";
import { authorisation, SimulatorFolder } from "../testing/simulator-folder.ts";
import { fingerprintOf } from "./card-token.ts";
import { Journal } from "./journal.ts";
import { kept } from "./secret.ts";
import { signature, signatureFault } from "./signature.ts";
import { openSimulator } from "./simulator.ts";

describe("the provider simulator", () => {
  test("gives the same answer to the same key, also after the intent has changed", async () => {
    using place = new SimulatorFolder();
    const simulator = place.open();
    const first = await simulator.authorise(authorisation("op_1"));
    await simulator.capture({ operationId: "op_2", reference: first.id });
    expect(await simulator.authorise(authorisation("op_1"))).toEqual(first);
    expect((await simulator.intentOf({ operationId: "op_1" }))?.status).toBe("succeeded");
  });

  test("refuses a key that comes with other parameters", async () => {
    using place = new SimulatorFolder();
    const simulator = place.open();
    await simulator.authorise(authorisation("op_1"));
    const other = simulator.authorise(authorisation("op_1", { amount: 901 }));
    await expect(other).rejects.toMatchObject({ code: "idempotency_mismatch" });
  });

  test("remembers all across the death of the shop, and drops a torn line", async () => {
    using place = new SimulatorFolder();
    const simulator = place.open();
    const intent = await simulator.authorise(authorisation("op_1"));
    const captured = await simulator.capture({ operationId: "op_2", reference: intent.id });
    appendFileSync(place.journal, '{"about":"pi_op_9","key":');

    const again = place.open();
    expect(await again.intentOf({ reference: intent.id })).toEqual(captured);
    expect(await again.authorise(authorisation("op_1"))).toEqual(intent);
    expect(await again.capture({ operationId: "op_2", reference: intent.id })).toEqual(captured);
    expect(await again.intentOf({ reference: "pi_op_9" })).toBeNull();
    await again.authorise(authorisation("op_3"));
    expect(await place.open().intentOf({ operationId: "op_3" })).not.toBeNull();
  });

  test("a request on tok_timeout_before gets lost the first time only", async () => {
    using place = new SimulatorFolder();
    const lost = authorisation("op_1", { token: "tok_timeout_before" });
    await expect(place.open().authorise(lost)).rejects.toBeInstanceOf(ProviderTimeout);
    const again = place.open();
    expect(await again.intentOf({ operationId: "op_1" })).toBeNull();
    expect((await again.authorise(lost)).status).toBe("requires_capture");
  });

  test("a request on tok_timeout_after has its effect, without an answer, once", async () => {
    using place = new SimulatorFolder();
    const simulator = place.open();
    const lost = authorisation("op_1", { token: "tok_timeout_after" });
    await expect(simulator.authorise(lost)).rejects.toBeInstanceOf(ProviderTimeout);
    const held = await simulator.intentOf({ operationId: "op_1" });
    expect(held?.status).toBe("requires_capture");
    expect(await simulator.authorise(lost)).toEqual(held ?? (undefined as never));
  });

  test("refuses what would move money twice, or money that is not there", async () => {
    using place = new SimulatorFolder();
    const simulator = place.open();
    const { id: reference } = await simulator.authorise(authorisation("op_1"));
    const early = simulator.refund({ operationId: "op_0", reference, amount: 1 });
    await expect(early).rejects.toBeInstanceOf(ProviderRefusal);
    await simulator.capture({ operationId: "op_2", reference });
    const twice = simulator.capture({ operationId: "op_3", reference });
    await expect(twice).rejects.toMatchObject({ code: "intent_succeeded" });
    await simulator.refund({ operationId: "op_4", reference, amount: 500 });
    const more = simulator.refund({ operationId: "op_5", reference, amount: 401 });
    await expect(more).rejects.toMatchObject({ code: "amount_too_large" });
    const voided = simulator.cancel({ operationId: "op_6", reference });
    await expect(voided).rejects.toMatchObject({ code: "intent_succeeded" });
  });

  test("has no 3-D Secure page in production", async () => {
    using place = new SimulatorFolder();
    const simulator = place.open({ development: false });
    const { id } = await simulator.authorise(authorisation("op_1", { token: "tok_3ds" }));
    expect(simulator.challenges.intentOf(id)).toBeNull();
    expect(simulator.challenges.complete(id, "ok")).toBe(false);
    expect((await simulator.intentOf({ reference: id }))?.status).toBe("requires_action");
  });

  test("keeps its secret readable by its owner alone, and the same", () => {
    using place = new SimulatorFolder();
    const secret = kept(place.world().world);
    expect(kept(place.world({ seed: 2 }).world)).toBe(secret);
    expect(statSync(join(place.path, "webhook-secret")).mode & 0o777).toBe(0o600);
    using other = new SimulatorFolder();
    expect(kept(other.world({ seed: 2 }).world)).not.toBe(secret);
  });
});

const damages: readonly [string, (secret: Buffer) => Buffer][] = [
  ["empty", () => Buffer.alloc(0)],
  ["zeroed", (secret) => Buffer.alloc(secret.length)],
  ["cut", (secret) => secret.subarray(0, 40)],
  ["zeroed at its end", (secret) => secret.fill(0, 30)],
];

test.each(damages)("a secret that a disk error left %s is refused by its file", (_what, damage) => {
  using place = new SimulatorFolder();
  const { world } = place.world();
  const path = join(place.path, "webhook-secret");
  writeFileSync(path, damage(Buffer.from(kept(world))));
  expect(() => kept(world)).toThrow(`The key file ${path} `);
  expect(() => kept(world)).toThrow("Restore it from a backup, or remove it");
});

test("nothing is verified by an empty secret", () => {
  const body = "{}";
  for (const secret of ["", " "]) {
    const signed = { body, signature: signature(secret, body, 0) };
    expect(signatureFault(secret, signed, 0)).toBe("there is no secret to check the signature by");
  }
});

describe("the journal", () => {
  test("holds no card token, and is rid at once of those that an older version wrote", async () => {
    using place = new SimulatorFolder();
    const path = place.journal;
    const wanted = { ...authorisation("op_1", { token: "tok_capture_fails" }) };
    const { id } = await place.open().authorise(wanted);
    await place.open().authorise(authorisation("op_3", { token: "tok_ of somebody" }));
    expect(readFileSync(path, "utf8")).not.toContain("tok_");
    const older = readFileSync(path, "utf8")
      .trimEnd()
      .split("\n")
      .map((text) => {
        const { card, parameters, ...line } = JSON.parse(text);
        const token = card === "unknown" ? "tok_ of somebody" : `tok_${card}`;
        const told = parameters.replace(fingerprintOf(token), token);
        return `${JSON.stringify({ ...line, parameters: told, token })}\n`;
      });
    expect(older.join("")).toContain("tok_ of somebody pay_1");
    writeFileSync(path, older.join(""));

    const simulator = place.open();
    expect(readFileSync(path, "utf8")).not.toContain("tok_");
    expect((await simulator.authorise(wanted)).id).toBe(id);
    const other = simulator.authorise(authorisation("op_1"));
    await expect(other).rejects.toMatchObject({ code: "idempotency_mismatch" });
    const { captures } = await simulator.capture({ operationId: "op_2", reference: id });
    expect(captures).toMatchObject([{ status: "failed" }]);
  });

  test("forgets superseded lines, and nothing that is still asked for", async () => {
    using place = new SimulatorFolder();
    const { world, environment } = place.world();
    const simulator = openSimulator(world, { secret: "whsec_test", deliver: async () => true });
    const { id } = await simulator.authorise(authorisation("op_1"));
    const journal = new Journal(world, { compactAtBytes: 20_000 });
    const line = journal.newest(id);
    if (line === undefined) throw new Error("The journal lacks what the simulator wrote.");
    environment.moveTo(environment.now() + 3 * 24 * 60 * 60_000);
    for (let n = 0; n < 200; n++) {
      journal.append({ ...line, atMs: environment.now(), key: n < 199 ? "" : "op_last" });
    }
    expect(statSync(place.journal).size).toBeLessThan(25_000);
    expect(journal.newest(id)?.key).toBe("op_last");
    expect(journal.answerTo("op_last")?.intent).toEqual(line.intent);
    journal.close();
  });
});
