/**
 * A database could not be opened as it is; the message says why and what to do. Nothing was
 * changed.
 */
export class StoreError extends Error {
  override readonly name = "StoreError";
}

/** Another process owns the data: it may be waited for. */
export class OwnedError extends StoreError {}
