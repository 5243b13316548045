/** The addresses of this machine on its loopback interface. */
const loopback = /^(?:(?:::ffff:)?127(?:\.\d{1,3}){3}|::1)$/i;
/** What somebody on this machine calls it; any interface stands for the loopback one. */
const localHost =
  /^(?:(?:[\w-]+\.)*localhost|127(?:\.\d{1,3}){3}|0\.0\.0\.0|\[::1?\])(?::\d{1,5})?$/i;

/** What proxies and content networks add to what they pass on: `X-Forwarded-For`, `X-Real-IP`. */
const proxyHeader = /^(?:forwarded|via|x-(?:forwarded|original|envoy)-.+|.+-ip)$/i;

/**
 * Reports whether a request was made on this machine: it came over the loopback interface, asks
 * for this machine by name, comes from no page of another site, and has nothing that a proxy adds.
 *
 * The name matters because a page of another site may have its name resolve to this machine. A
 * proxy on this machine that adds nothing cannot be told from a program on it.
 */
export function isLocalRequest({ headers }: Request, address: string): boolean {
  if (!loopback.test(address) || !localHost.test(headers.get("host") ?? "")) return false;
  for (const name of headers.keys()) if (proxyHeader.test(name)) return false;
  // A browser tells which page it asks for, also through a proxy that tells nothing.
  const pages = ["origin", "referer"].map((name) => headers.get(name)).filter(isNamed);
  if (pages.length > 0) return pages.every(isLocalAddress);
  // A page may hide which it is, but not that its site is another. One of the same site as a local
  // host lies on this machine as well, at another port.
  return headers.get("sec-fetch-site") !== "cross-site";
}

function isNamed(page: string | null): page is string {
  return page !== null && page !== "null" && page !== "";
}

/** Reports whether a URL calls its host by a name that means this machine on every machine. */
export function isLocalAddress(url: string): boolean {
  return URL.canParse(url) && localHost.test(new URL(url).host);
}
