/** Another process owns a module of the same system; the message names both, and the remedy. */
export class OwnershipConflict extends Error {
  override readonly name = "OwnershipConflict";
}
