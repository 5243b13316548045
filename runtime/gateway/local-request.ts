/** The addresses of this machine on its loopback interface. */
const loopback = /^(?:(?:::ffff:)?127(?:\.\d{1,3}){3}|::1)$/i;
/** What somebody on this machine calls it; any interface stands for the loopback one. */
const localHost =
  /^(?:(?:[\w-]+\.)*localhost|127(?:\.\d{1,3}){3}|0\.0\.0\.0|\[::1?\])(?::\d{1,5})?$/i;

/**
 * Reports whether a request was made on this machine: it came over the loopback interface, asks
 * for this machine by name, and says of no proxy that passed it on.
 *
 * The name matters because a page of another site may have its name resolve to this machine.
 */
export function isLocalRequest({ headers }: Request, address: string): boolean {
  if (headers.has("forwarded") || headers.has("x-forwarded-for")) return false;
  return loopback.test(address) && localHost.test(headers.get("host") ?? "");
}
