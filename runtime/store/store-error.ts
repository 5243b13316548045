/** The error behind a StoreError. */
export interface StoreErrorOptions extends ErrorOptions {
  /** The code of the operating system that says why a file cannot be used, such as `EACCES`. */
  readonly systemCode?: string;
}

/**
 * A database could not be opened as it is; the message says why and what to do. Nothing was
 * changed.
 */
export class StoreError extends Error {
  override readonly name = "StoreError";
  /** See `StoreErrorOptions`. SQLite's own code, in the cause, does not tell one from another. */
  readonly systemCode: string | undefined;

  constructor(message: string, options: StoreErrorOptions = {}) {
    super(message, options);
    this.systemCode = options.systemCode;
  }
}

/** Another process owns the data: it may be waited for. */
export class OwnedError extends StoreError {}
