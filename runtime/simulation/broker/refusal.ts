/** The broker refuses something; the code is its own. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** The broker does not answer at all. */
export class Silence extends Error {
  override readonly name = "Silence";
}

/** Nobody is there for a request. */
export const NO_RESPONDERS = 503;
export const STREAM_NOT_FOUND = 10_059;
export const CONSUMER_NOT_FOUND = 10_014;
export const WRONG_LAST_SEQUENCE = 10_071;
