import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { eventually } from "../../testing/eventually.ts";
import { links } from "../../testing/links.ts";
import type { Manifest } from "../manifest.ts";
import { OwnershipConflict } from "../ownership-conflict.ts";
import type { Transport } from "../transport.ts";

/** A module that is owned. */
export const ownedManifest: Manifest = [links("shelf", { commands: ["take"] })];

/** A broker that processes connect to as `shelf`. */
export interface OwnedBroker extends AsyncDisposable {
  connect(place: string): Promise<Transport & { abandon(): Promise<void> }>;
  /** Ends it as a crash does, and starts it again where it was. */
  kill(): Promise<void>;
  start(): Promise<void>;
}

/** One process that claims a module. */
interface Claimant {
  readonly transport: Awaited<ReturnType<OwnedBroker["connect"]>>;
  readonly lost: unknown[];
  /** Why it was refused; undefined when it owns the module. */
  readonly refusal: unknown;
}

/** Processes that claim the shelf at one broker. */
class Claimants implements AsyncDisposable {
  readonly broker: OwnedBroker;
  readonly #opened: Claimant["transport"][] = [];

  constructor(broker: OwnedBroker) {
    this.broker = broker;
  }

  async connect(place: string): Promise<Claimant["transport"]> {
    const transport = await this.broker.connect(place);
    this.#opened.push(transport);
    return transport;
  }

  async claim(place: string, database: string): Promise<Claimant> {
    const transport = await this.connect(place);
    const lost: unknown[] = [];
    const onLost = (conflict: Error) => lost.push(conflict);
    const refusal = await transport.own({ module: "shelf", database, onLost }).then(
      () => undefined,
      (error: unknown) => error,
    );
    return { transport, lost, refusal };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const one of this.#opened) await one.abandon();
    await this.broker[Symbol.asyncDispose]();
  }
}

/** Who owns a module among processes that share a broker. */
export function ownershipSuite(
  name: string,
  { open }: { readonly open: () => Promise<OwnedBroker> },
): void {
  describe(`a module has one owner ${name}`, () => {
    let claimants: Claimants;
    beforeEach(async () => {
      claimants = new Claimants(await open());
    });
    afterEach(() => claimants[Symbol.asyncDispose]());
    refusalSuite(() => claimants);
    raceSuite(() => claimants);
  });
}

function refusalSuite(claimants: () => Claimants): void {
  test("and a second one over another database is refused by a sentence", async () => {
    expect((await claimants().claim("place a", "db-a")).refusal).toBeUndefined();
    const { refusal } = await claimants().claim("place b", "db-b");
    expect(refusal).toBeInstanceOf(OwnershipConflict);
    expect(String(refusal)).toContain("shelf is owned by the instance");
    expect(String(refusal)).not.toMatch(/[.?!] [a-z]/);
    for (const part of ["(place a)", "(place b)", "db-a", "db-b", "stop the other"]) {
      expect(String(refusal)).toContain(part);
    }
  });

  test("and a second one over a copy of its database is refused", async () => {
    const first = await claimants().claim("place a", "db-a");
    const { refusal } = await claimants().claim("place b", "db-a");
    expect(String(refusal)).toContain("a copy of the same database");
    expect(first.lost).toEqual([]);
  });

  test("and a start that failed after its claim may claim anew in the same process", async () => {
    const { transport, refusal, lost } = await claimants().claim("place a", "db-a");
    expect(refusal).toBeUndefined();
    const onLost = (conflict: Error) => lost.push(conflict);
    await transport.own({ module: "shelf", database: "db-a", onLost });
    const second = await claimants().claim("place b", "db-b");
    expect(second.refusal).toBeInstanceOf(OwnershipConflict);
    expect(lost).toEqual([]);
  });

  test("until that one ends, by a crash or not", async () => {
    const first = await claimants().claim("place a", "db-a");
    await first.transport.abandon();
    const second = await claimants().claim("place a", "db-a");
    expect(second.refusal).toBeUndefined();
    await second.transport.close();
    expect((await claimants().claim("place b", "db-b")).refusal).toBeUndefined();
  });
}

function raceSuite(claimants: () => Claimants): void {
  test("when several start at once", async () => {
    for (let round = 1; round <= 5; round++) {
      const names = ["a", "b", "c", "d"];
      const all = await Promise.all(names.map((one) => claimants().claim(`place ${one}`, one)));
      expect(all.filter(({ refusal }) => refusal === undefined)).toHaveLength(1);
      for (const { transport } of all) await transport.close();
    }
  });

  test("when another one claims it as the broker comes back", async () => {
    const { broker } = claimants();
    const first = await claimants().claim("place a", "db-a");
    const waiting = await claimants().connect("place b");
    await broker.kill();
    await broker.start();
    const claim = { module: "shelf", database: "db-b", onLost: () => {} };
    const isRefused = await waiting.own(claim).then(
      () => false,
      () => true,
    );
    await eventually(
      async () => first.lost.length + Number(isRefused),
      (count) => count === 1,
    );
  });
}
