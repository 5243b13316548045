import { type TypeCheck, TypeCompiler } from "@sinclair/typebox/compiler";
import { type Static, t } from "../../contract/schema.ts";
import { OwnershipConflict } from "../ownership-conflict.ts";
import type { Message } from "./link.ts";

/** The longest claim that is read, in bytes. */
const CLAIM_BYTES_MAX = 4_096;

const text = t.String({ maxLength: 1_000 });
const claimSchema = t.Object({
  module: text,
  /** This run of the process: 32 hexadecimal digits, made at its start. */
  incarnation: t.String({ pattern: "^[0-9a-f]{32}$" }),
  /** The id of the module's database. A copy of a data folder has the same. */
  database: text,
  instance: text,
  /** The process and its data folder, in words. */
  place: text,
  /**
   * `returning` is an owner that was cut off from the broker and does not know yet whether somebody
   * took its place.
   */
  state: t.Union([t.Literal("claiming"), t.Literal("returning"), t.Literal("owning")]),
  sinceMs: t.Number({ minimum: 0 }),
});

/** What a process that owns a module, or wants to, says of itself. */
export type Claim = Static<typeof claimSchema>;

const claimCheck: TypeCheck<typeof claimSchema> = TypeCompiler.Compile(claimSchema);
const states = ["claiming", "returning", "owning"] as const;

/**
 * Reads a claim on a module; undefined when the message is none. What the broker was made to send
 * here keeps its own subject, or is an answer of its own.
 */
export function claimIn(message: Message, module: string): Claim | undefined {
  if (!message.subject.startsWith(`owner.${module}.`)) return undefined;
  try {
    const text = message.string();
    if (text.length > CLAIM_BYTES_MAX) return undefined;
    const claim: unknown = JSON.parse(text);
    return claimCheck.Check(claim) && claim.module === module ? claim : undefined;
  } catch {
    return undefined;
  }
}

/** Reports whether the first of two claims stands: both sides decide alike. */
export function outranks(one: Claim, other: Claim): boolean {
  const rank = states.indexOf(one.state) - states.indexOf(other.state);
  if (rank !== 0) return rank > 0;
  if (one.sinceMs !== other.sinceMs) return one.sinceMs < other.sinceMs;
  return one.incarnation < other.incarnation;
}

/** The refusal of a process whose claim does not stand. */
export function conflict(own: Claim, other: Claim): OwnershipConflict {
  const relation =
    own.database === other.database
      ? "a copy of the same database"
      : `another database (${own.database}, the owner's is ${other.database})`;
  return new OwnershipConflict(
    `${own.module} is owned by the instance ${described(other)}. ${consequence(own)}: its data ` +
      `folder has ${relation}, and of two owners each would have effects that the other does ` +
      "not know. Run one of them: stop the other and start this one again, or remove this one, " +
      "with its data folder if that is a copy.",
  );
}

/** The refusal when whoever is connected as the owner says nothing. */
export function silentConflict(own: Claim, silentMs: number): OwnershipConflict {
  return new OwnershipConflict(
    `${own.module} is owned by another process that is connected to the broker and has not ` +
      `answered for ${silentMs / 1_000} s. ${consequence(own)}: of two owners each ` +
      "would have effects that the other does not know. Find that process, which may be " +
      "suspended, and stop it, or wait until it is gone, and start this one again.",
  );
}

function consequence(own: Claim): string {
  return own.state === "claiming"
    ? `The start of the instance ${described(own)} is refused`
    : `The instance ${described(own)} was cut off from the broker meanwhile and stops`;
}

function described({ instance, place }: Claim): string {
  return `${instance} (${place})`;
}
