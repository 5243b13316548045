/** An answer that a route decides on by itself, sent as problem+json. */
export class HttpProblem extends Error {
  override readonly name = "HttpProblem";

  readonly httpStatus: number;
  readonly problemCode: string;
  readonly data: unknown;
  readonly headers: Readonly<Record<string, string>>;

  constructor({ status, code, headers = {} }: ProblemKind, detail: string, data?: unknown) {
    super(detail);
    this.httpStatus = status;
    this.problemCode = code;
    this.headers = headers;
    this.data = data;
  }
}

export interface ProblemKind {
  readonly status: number;
  /** Stable, lower-case, with underscores; clients decide by it. */
  readonly code: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Makes a problem for a route to throw: `throw problem(404, "not_found", "There is no such
 * page.")`.
 *
 * The detail and the data are shown to the sender as they are.
 */
export function problem(
  status: number,
  code: string,
  ...[detail, data]: [detail: string, data?: unknown]
): HttpProblem {
  return new HttpProblem({ status, code }, detail, data);
}
