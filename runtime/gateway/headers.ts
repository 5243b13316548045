/** What every answer carries. A route may set others, or these differently, in `set.headers`. */
export function answerHeaders(traceId: string): Record<string, string> {
  return {
    "x-request-id": traceId,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cache-control": "no-store",
  };
}

/** Adds what a route took away by setting all headers anew. */
export function completeHeaders({ headers }: Response, traceId: string): void {
  if (headers.has("x-content-type-options")) return;
  for (const [name, value] of Object.entries(answerHeaders(traceId))) {
    if (!headers.has(name)) headers.set(name, value);
  }
}
