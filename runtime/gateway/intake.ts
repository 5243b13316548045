import { ParseError } from "elysia";
import { HttpProblem } from "./http-problem.ts";
import { assertWellFormed } from "./well-formed.ts";

/** The size that a request's body may have. */
const BODY_BYTES_MAX = 256 * 1024;

/** How deep the lists and objects of a body may lie in one another. */
const DEPTH_MAX = 32;
/** A body of fewer bytes is not looked into: however it is nested, it costs nothing. */
const HARMLESS_BYTES = 1_024;

/** A name or an address, and perhaps a port; nothing that would end the host within an address. */
const oneHost = /^(?:[\w.-]+|\[[\da-f:.]+\])(?::\d{1,5})?$/i;
/** Hosts that were found good, so that the usual ones are not looked into again. */
const goodHosts = new Set<string>();
const GOOD_HOSTS_MAX = 100;

/**
 * Refuses what no route should see: a host that is none, a body that is too large, too deep, not
 * JSON, compressed or in another charset. To tell what is wrong with a body nested 100,000 deep
 * takes seconds of the processor.
 *
 * Returns the request to go on with: another one for a long body, or one of unannounced length,
 * which is read here up to the limit.
 */
export function intake(request: Request): Request | Promise<Request> {
  const { headers, method } = request;
  const host = headers.get("host");
  if (host !== null && !goodHosts.has(host)) assertHost(host);
  if (method === "GET" || method === "HEAD") return request;
  const length = headers.get("content-length");
  if (length !== null && Number(length) > BODY_BYTES_MAX) throw tooLarge();
  const chunked = headers.has("transfer-encoding");
  if (chunked || (length !== null && length !== "0")) {
    assertUncompressed(headers);
    assertJson(headers);
  }
  return chunked || Number(length) > HARMLESS_BYTES ? bounded(request) : request;
}

/** Reports whether the head of a request says that a body follows. */
export function announcesBody(headers: Headers): boolean {
  return headers.has("transfer-encoding") || Number(headers.get("content-length")) > 0;
}

/** Of `999.1.1.1`, `a:99999` and `xn--a` no URL can be made, and so no request. */
function assertHost(host: string): void {
  if (!oneHost.test(host) || !URL.canParse(`http://${host}`)) throw badHost();
  if (goodHosts.size < GOOD_HOSTS_MAX) goodHosts.add(host);
}

/** `"__proto__"` as a key of JSON, however its letters are written. */
const prototypeKey = new RegExp(
  `"${[..."__proto__"].map((letter) => `(?:${letter}|${escaped(letter)})`).join("")}"\\s*:`,
  "i",
);

function escaped(letter: string): string {
  return `\\\\u00${letter.charCodeAt(0).toString(16)}`;
}

/**
 * Parses a body as JSON. Refuses text that is not well-formed Unicode, and the key `__proto__`
 * anywhere in it: what takes values apart and puts them together again would lose it in silence,
 * or take it for a prototype.
 */
export async function parsed(request: Request, contentType: string): Promise<unknown> {
  if (contentType !== JSON_TYPE) return undefined;
  const text = await textOf(request);
  if ((text.includes("_proto_") || text.includes("\\u00")) && prototypeKey.test(text)) {
    throw prototypeInBody();
  }
  const body = jsonIn(text);
  assertWellFormed(body, text);
  return body;
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ParseError(cause instanceof Error ? cause : undefined);
  }
}

async function textOf(request: Request): Promise<string> {
  try {
    return await request.text();
  } catch (error) {
    throw request.signal.aborted ? incomplete() : error;
  }
}

const JSON_TYPE = "application/json";

/** Codings that leave the body as it is; an empty list is none. */
const plainCoding = /^[\s,]*(?:identity[\s,]*)*$/i;

function assertUncompressed(headers: Headers): void {
  const coding = headers.get("content-encoding");
  if (coding === null || plainCoding.test(coding)) return;
  throw new HttpProblem(
    {
      status: 415,
      code: "unsupported_content_encoding",
      // RFC 9110, 15.5.16: tells this 415 from that of a media type.
      headers: { "accept-encoding": "identity" },
    },
    "Send the body as it is, without Content-Encoding: a compressed body is not read.",
  );
}

function assertJson(headers: Headers): void {
  const sent = headers.get("content-type");
  if (sent === JSON_TYPE) return;
  const [type, ...parameters] = sent?.split(";").map((part) => part.trim()) ?? [];
  if (parameters.some(isOtherCharset)) throw otherCharset();
  // Neither the case of its letters nor a space means anything, but Elysia would not read the body.
  if (type?.toLowerCase() === JSON_TYPE) return headers.set("content-type", JSON_TYPE);
  throw new HttpProblem(
    { status: 415, code: "unsupported_media_type" },
    "Send the body as JSON, with Content-Type: application/json.",
  );
}

/** JSON is UTF-8, of which ASCII is a part; bytes of another charset would become other letters. */
function isOtherCharset(parameter: string): boolean {
  return /^charset\b/i.test(parameter) && !/^charset="?(?:utf-?8|us-ascii)"?$/i.test(parameter);
}

async function bounded(request: Request): Promise<Request> {
  const { url, method, headers, signal } = request;
  const body = await bytesOf(request);
  assertShallow(body);
  return new Request(url, { method, headers, signal, body });
}

/** Reads a body up to the limit. Throws 400 when the sender hangs up before its end. */
async function bytesOf({ body, signal }: Request): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const piece of body ?? []) {
      size += piece.byteLength;
      if (size > BODY_BYTES_MAX) throw tooLarge();
      pieces.push(piece);
    }
  } catch (error) {
    throw signal.aborted ? incomplete() : error;
  }
  return Buffer.concat(pieces);
}

/** Counts the brackets of JSON; of what is not JSON it need not be right. */
function assertShallow(body: Uint8Array): void {
  let depth = 0;
  let quoted = false;
  for (let at = 0; at < body.length; at++) {
    const byte = body[at];
    if (byte === QUOTE) quoted = !quoted;
    else if (byte === BACKSLASH && quoted) at++;
    else if (!quoted && (byte === OPENED_LIST || byte === OPENED_OBJECT)) depth++;
    else if (!quoted && (byte === CLOSED_LIST || byte === CLOSED_OBJECT)) depth--;
    if (depth > DEPTH_MAX) throw tooDeep();
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPENED_LIST = 0x5b;
const CLOSED_LIST = 0x5d;
const OPENED_OBJECT = 0x7b;
const CLOSED_OBJECT = 0x7d;

function badHost(): HttpProblem {
  return new HttpProblem(
    { status: 400, code: "bad_host" },
    "Send exactly one Host header, with a name or an address and perhaps a port.",
  );
}

function prototypeInBody(): HttpProblem {
  return new HttpProblem(
    { status: 400, code: "malformed_body" },
    "The body has a key __proto__, which is no name that data can have.",
  );
}

/** Nobody reads it, but the access log has its code. */
function incomplete(): HttpProblem {
  return new HttpProblem({ status: 400, code: "body_incomplete" }, "The body did not come whole.");
}

function otherCharset(): HttpProblem {
  return new HttpProblem(
    { status: 415, code: "unsupported_media_type" },
    "Send the body in UTF-8, as JSON always is: leave the charset out of Content-Type.",
  );
}

function tooDeep(): HttpProblem {
  return new HttpProblem(
    { status: 400, code: "body_too_deep" },
    `The lists and objects of the body may lie at most ${DEPTH_MAX} deep in one another.`,
  );
}

function tooLarge(): HttpProblem {
  return new HttpProblem(
    { status: 413, code: "body_too_large" },
    `The body may have at most ${BODY_BYTES_MAX} bytes.`,
  );
}
