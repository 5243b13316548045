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
