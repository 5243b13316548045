import { HttpProblem } from "./http-problem.ts";

/** The size that a request's body may have. */
const BODY_BYTES_MAX = 256 * 1024;

/**
 * Refuses what no route should see: an ambiguous host, a body that is too large or not JSON.
 *
 * Returns the request to go on with: another one only for a body of unannounced length, which is
 * read here up to the limit.
 */
export function intake(request: Request): Request | Promise<Request> {
  const { headers, method } = request;
  if (headers.get("host")?.includes(",")) {
    throw new HttpProblem({ status: 400, code: "bad_host" }, "Send exactly one Host header.");
  }
  if (method === "GET" || method === "HEAD") return request;
  const length = headers.get("content-length");
  if (length !== null && Number(length) > BODY_BYTES_MAX) throw tooLarge();
  const chunked = headers.has("transfer-encoding");
  if (chunked || (length !== null && length !== "0")) assertJson(headers.get("content-type"));
  return chunked ? bounded(request) : request;
}

function assertJson(contentType: string | null): void {
  const type = contentType?.split(";", 1)[0]?.trim().toLowerCase();
  if (type === "application/json") return;
  throw new HttpProblem(
    { status: 415, code: "unsupported_media_type" },
    "Send the body as JSON, with Content-Type: application/json.",
  );
}

async function bounded(request: Request): Promise<Request> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of request.body ?? []) {
    size += piece.byteLength;
    if (size > BODY_BYTES_MAX) throw tooLarge();
    pieces.push(piece);
  }
  const { url, method, headers, signal } = request;
  return new Request(url, { method, headers, signal, body: Buffer.concat(pieces) });
}

function tooLarge(): HttpProblem {
  return new HttpProblem(
    { status: 413, code: "body_too_large" },
    `The body may have at most ${BODY_BYTES_MAX} bytes.`,
  );
}
