import type { TSchema } from "@sinclair/typebox";
import { TransformDecodeCheckError, TransformDecodeError } from "@sinclair/typebox/value";
import { ElysiaCustomStatusResponse, NotFoundError, ParseError, ValidationError } from "elysia";
import {
  type DomainError,
  InputError,
  isDomainError,
  isTransportError,
  type TransportError,
} from "../contract/errors.ts";
import { expectation } from "../contract/expectation.ts";
import { HttpProblem } from "./http-problem.ts";
import { type FieldMistake, mistakesOf, RequestError } from "./validation.ts";

/** An answer in the form of RFC 9457, before it is written out. */
export interface Problem {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: ProblemBody;
}

export type ProblemBody = {
  readonly type: "about:blank";
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  /** Stable: clients decide by it, never by the detail. */
  readonly code: string;
  readonly [extension: string]: unknown;
};

/** Statuses of declared errors by their code, first match first; what matches none is a 422. */
const statuses: readonly (readonly [pattern: RegExp, status: number])[] = [
  [/^INVALID_(CREDENTIALS|TOKEN)$/, 401],
  [/^(FORBIDDEN|NOT_ALLOWED)$/, 403],
  [/^TOO_MANY_/, 429],
  [/^WEBHOOK_SIGNATURE_INVALID$/, 400],
  [/_NOT_FOUND$/, 404],
  [/^(ALREADY_.*|ILLEGAL_TRANSITION|NOT_CANCELLABLE)$/, 409],
  [/_(TAKEN|EXISTS|CHANGED|LOCKED|IN_PROGRESS|MISMATCH|DECIDED|RELEASED|REVERSED|CANCELLED)$/, 409],
];

/** Seconds after which a request that met an overloaded or absent module may be repeated. */
const RETRY_AFTER_SECONDS = "1";

const titles = new Map([
  [400, "Bad Request"],
  [401, "Unauthorized"],
  [403, "Forbidden"],
  [404, "Not Found"],
  [405, "Method Not Allowed"],
  [408, "Request Timeout"],
  [409, "Conflict"],
  [410, "Gone"],
  [412, "Precondition Failed"],
  [413, "Content Too Large"],
  [415, "Unsupported Media Type"],
  [422, "Unprocessable Content"],
  [428, "Precondition Required"],
  [429, "Too Many Requests"],
  [500, "Internal Server Error"],
  [503, "Service Unavailable"],
  [504, "Gateway Timeout"],
]);

/**
 * Tells what the sender gets for anything thrown: the one table from errors to HTTP.
 *
 * What is not known here is a defect and shows nothing of itself. `undecoded` names the field of an
 * error that does not say so itself.
 */
export function problemOf(error: unknown, undecoded?: string): Problem {
  if (isDomainError(error)) {
    return error.code === "IDEMPOTENCY_MISMATCH" ? keyMismatch() : declaredProblem(error);
  }
  if (error instanceof HttpProblem) return ownProblem(error);
  if (error instanceof ValidationError) return validationProblem(error, undecoded);
  if (error instanceof RequestError) return invalidRequest(error.mistakes);
  // Only what comes in is decoded; an answer is encoded.
  if (error instanceof TransformDecodeCheckError) return undecodable(error.error);
  if (error instanceof TransformDecodeError) return undecodable(error);
  if (error instanceof InputError) return inputProblem(error);
  if (isTransportError(error)) return transportProblem(error);
  if (error instanceof ElysiaCustomStatusResponse) return statusProblem(Number(error.code));
  if (error instanceof ParseError) {
    if (error.cause instanceof HttpProblem) return ownProblem(error.cause);
    if (error.cause instanceof RequestError) return invalidRequest(error.cause.mistakes);
    return made({ status: 400, code: "malformed_body" }, "The body is not well-formed JSON.");
  }
  if (error instanceof NotFoundError) {
    return made({ status: 404, code: "not_found" }, "There is nothing at this address.");
  }
  return namedProblem(error);
}

function declaredProblem({ code, data }: DomainError): Problem {
  const status = statuses.find(([pattern]) => pattern.test(code))?.[1] ?? 422;
  const words = code.toLowerCase().replaceAll("_", " ");
  const kind = { status, code: code.toLowerCase(), headers: declaredHeaders(status, data) };
  return made(kind, `The request was refused: ${words}.`, isEmpty(data) ? {} : { data });
}

function declaredHeaders(status: number, data: unknown): Record<string, string> {
  if (status === 401) return { "www-authenticate": "Bearer" };
  if (typeof data !== "object" || data === null) return {};
  if (!("retryAfterSeconds" in data) || typeof data.retryAfterSeconds !== "number") return {};
  return { "retry-after": String(Math.max(1, Math.ceil(data.retryAfterSeconds))) };
}

function ownProblem({ httpStatus, problemCode, message, data, headers }: HttpProblem): Problem {
  const kind = { status: httpStatus, code: problemCode, headers };
  return made(kind, message, data === undefined ? {} : { data });
}

function validationProblem(error: ValidationError, undecoded?: string): Problem {
  if (error.type === "response") return defect();
  return invalidRequest(mistakesOf(error, undecoded));
}

function invalidRequest(errors: readonly FieldMistake[]): Problem {
  const detail = "The request does not fit what this address expects; see errors.";
  return made({ status: 422, code: "invalid_request" }, detail, { errors });
}

/** The route let through what the procedure that it calls refuses. */
function inputProblem({ at, expected }: InputError): Problem {
  return invalidRequest([{ field: at.slice(1).replaceAll("/", "."), message: `${expected}.` }]);
}

/** A value in the address of which its schema's kind cannot be made, such as a number of "x". */
function undecodable({ path, schema }: { readonly path: string; readonly schema: TSchema }) {
  const message = `Expected ${expectation(schema)}.`;
  return invalidRequest([{ field: `request${path.replaceAll("/", ".")}`, message }]);
}

function keyMismatch(): Problem {
  const detail = "This Idempotency-Key was used with another request. Use a new key.";
  return made({ status: 422, code: "idempotency_mismatch" }, detail);
}

function transportProblem({ code, executed }: TransportError): Problem {
  if (code === "DEADLINE") {
    const detail =
      executed === "no"
        ? "The time for this request ran out before anything was done."
        : "The time for this request ran out; it may have been done. Repeat it with the same key.";
    return made({ status: 504, code: "deadline" }, detail, { executed });
  }
  const headers = { "retry-after": RETRY_AFTER_SECONDS };
  // Who gives a request up does not read this, but a proxy between may: to it no answer came, which
  // is a 503 like the others. 499 is no registered status.
  const detail =
    code === "CANCELLED"
      ? "The request was given up before it was answered. Try again."
      : "A part of the shop cannot be reached just now. Try again shortly.";
  return made({ status: 503, code: code.toLowerCase(), headers }, detail, { executed });
}

function statusProblem(status: number): Problem {
  const title = titles.get(status);
  if (title === undefined) return defect();
  return made({ status, code: title.toLowerCase().replaceAll(" ", "_") }, `${title}.`);
}

function namedProblem(error: unknown): Problem {
  const name = error instanceof Error ? error.name : "";
  if (name === "InvalidToken") {
    const headers = { "www-authenticate": 'Bearer error="invalid_token"' };
    const detail = "The access token is malformed, expired or revoked. Sign in or refresh it.";
    return made({ status: 401, code: "invalid_token", headers }, detail);
  }
  return defect();
}

function defect(): Problem {
  const detail = "Something went wrong here. The request id tells the operators what.";
  return made({ status: 500, code: "internal" }, detail);
}

function made(
  kind: { status: number; code: string; headers?: Readonly<Record<string, string>> },
  detail: string,
  extensions: { readonly [name: string]: unknown } = {},
): Problem {
  const { status, code, headers = {} } = kind;
  const title = titles.get(status) ?? "Error";
  return {
    status,
    headers,
    body: { type: "about:blank", title, status, detail, code, ...extensions },
  };
}

function isEmpty(data: unknown): boolean {
  if (data === undefined || data === null) return true;
  return typeof data === "object" && Object.keys(data).length === 0;
}
