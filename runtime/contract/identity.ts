/**
 * On whose behalf a call runs, as the gateway established it. It is carried through nested calls
 * unchanged; a saga or reaction runs as `system`.
 */
export type Identity =
  | { readonly kind: "anonymous" }
  | { readonly kind: "user"; readonly userId: string; readonly role: Role }
  | { readonly kind: "system" };

export type Role = "customer" | "staff" | "admin";

export const anonymous: Identity = Object.freeze({ kind: "anonymous" });
export const system: Identity = Object.freeze({ kind: "system" });

/** True for staff and administrators, and for the system itself. */
export function isStaff(identity: Identity): boolean {
  return identity.kind === "system" || (identity.kind === "user" && identity.role !== "customer");
}
