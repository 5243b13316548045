import type { Environment } from "../../contract/environment.ts";
import { SYNCHRONOUS_MS_MAX } from "../../telemetry/loop-watch.ts";
import type { Neighbour } from "../report.ts";
import { HEARTBEAT_EVERY_MS, type Heartbeat, Member } from "./member.ts";

/**
 * After so long without a heartbeat an instance is passed over: one was lost, and the next is later
 * than synchronous work may make it. After longer it is forgotten. It may be busy: only the broker
 * knows whether it is gone.
 */
const SILENT_MS = 2 * HEARTBEAT_EVERY_MS + SYNCHRONOUS_MS_MAX;
const FORGOTTEN_MS = 10_000;
/** Of how many runs of an instance, which others have followed, nothing is heeded any more. */
const ENDED_MAX = 4;
/** Instances of one module, at most: what is beyond is not heard. */
const MEMBERS_MAX = 256;

/** The instances of all modules that are called from here, by their signs of life. */
export class Directory {
  readonly #environment: Pick<Environment, "monotonic">;
  readonly #modules = new Map<string, Map<string, Member>>();

  constructor(environment: Pick<Environment, "monotonic">) {
    this.#environment = environment;
  }

  /** Takes in a sign of life, and the text that it was read from. */
  hear(beat: Heartbeat, text = ""): void {
    const members = this.#modules.get(beat.module) ?? new Map<string, Member>();
    this.#modules.set(beat.module, members);
    let member = members.get(beat.instance);
    if (member === undefined && members.size >= MEMBERS_MAX) return;
    // What was said before it ended may come after what the next run says.
    if (member?.ended.includes(beat.startedAtMs)) return;
    if (member?.beat.startedAtMs !== beat.startedAtMs) {
      const ended = member === undefined ? [] : [...member.ended, member.beat.startedAtMs];
      member = new Member(beat, this.#environment, ended.slice(-ENDED_MAX));
      members.set(beat.instance, member);
    }
    member.beat = beat;
    member.said = text;
    this.#heard(member);
  }

  /** Takes in a sign of life that says what the last one did; returns false when it does not. */
  hearAgain({ module, instance }: Pick<Heartbeat, "module" | "instance">, text: string): boolean {
    const member = this.#modules.get(module)?.get(instance);
    if (member === undefined || member.said !== text) return false;
    this.#heard(member);
    return true;
  }

  #heard(member: Member): void {
    if (this.isSilent(member)) member.returned();
    member.heardAtMs = this.#environment.monotonic();
  }

  /** Forgets an instance that is certainly not there, unless another run of it has begun. */
  forget(member: Member): void {
    const { module, instance } = member.beat;
    const members = this.#modules.get(module);
    if (members?.get(instance) === member) members.delete(instance);
  }

  /** True when no heartbeat of an instance came for long: it is gone, or its process is busy. */
  isSilent({ heardAtMs }: Member): boolean {
    return this.#environment.monotonic() - heardAtMs > SILENT_MS;
  }

  /** True when another run of an instance has begun: this one will not answer any more. */
  isReplaced(member: Member): boolean {
    const { module, instance, startedAtMs } = member.beat;
    const now = this.#modules.get(module)?.get(instance);
    return now !== undefined && now.beat.startedAtMs !== startedAtMs;
  }

  /** Instances that may be asked: with `ownerOnly` no readers. */
  candidates(module: string, ownerOnly: boolean): Member[] {
    const members = this.all(module);
    const up = members.filter(
      ({ beat }) => beat.state === "up" && (!ownerOnly || beat.role === "owner"),
    );
    const heard = up.filter((member) => !this.isSilent(member));
    // When most are silent at once it is rather us who do not hear: nobody is passed over then.
    return heard.length * 2 < up.length ? up : heard;
  }

  /** All that are known of a module. */
  all(module: string): Member[] {
    const members = this.#modules.get(module);
    if (members === undefined) return [];
    const nowMs = this.#environment.monotonic();
    for (const [instance, { heardAtMs }] of members) {
      if (nowMs - heardAtMs > FORGOTTEN_MS) members.delete(instance);
    }
    return [...members.values()];
  }

  /** All instances as they are heard here. */
  neighbours(): Neighbour[] {
    return this.modules()
      .flatMap((module) => this.all(module))
      .map((member) => {
        const { module, instance, state } = member.beat;
        return { module, instance, state: this.isSilent(member) ? "silent" : state };
      });
  }

  /** The modules that were heard of. */
  modules(): string[] {
    return [...this.#modules.keys()];
  }
}
