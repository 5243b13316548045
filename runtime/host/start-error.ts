/**
 * The system cannot be started as it is; the message says why and what to do. Nothing was
 * changed.
 */
export class StartError extends Error {
  override readonly name = "StartError";
}
