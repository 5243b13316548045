import { ContractError } from "./errors.ts";
import { immutable, isImmutable } from "./immutable.ts";

/** Bytes of an identity as JSON, at most: it goes with each call, beside the input. */
const IDENTITY_BYTES_MAX = 16 * 1024;

/**
 * On whose behalf a call runs, as the gateway established it. It is carried through nested calls
 * unchanged; a saga or reaction runs as `system`.
 */
export type Identity =
  | { readonly kind: "anonymous" }
  | { readonly kind: "user"; readonly userId: string; readonly role: Role }
  | { readonly kind: "system" };

export type Role = "customer" | "staff" | "admin";

export const anonymous: Identity = immutable({ kind: "anonymous" });
export const system: Identity = immutable({ kind: "system" });

/**
 * Freezes an identity and all that it holds, once, and returns it: no callee can change on whose
 * behalf its caller acts. Throws a ContractError for one of more than 16 KiB as JSON.
 */
export function settledIdentity(identity: Identity): Identity {
  if (isImmutable(identity)) return identity;
  const bytes = Buffer.byteLength(JSON.stringify(identity));
  if (bytes <= IDENTITY_BYTES_MAX) return immutable(identity);
  throw new ContractError(
    `An identity has ${bytes} bytes as JSON, and may have at most ${IDENTITY_BYTES_MAX}. Keep an ` +
      "id in it, and the rest in a module.",
  );
}

/** True for staff and administrators, and for the system itself. */
export function isStaff(identity: Identity): boolean {
  return identity.kind === "system" || (identity.kind === "user" && identity.role !== "customer");
}
