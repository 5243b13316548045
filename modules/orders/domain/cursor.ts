const firstPage = Number.MAX_SAFE_INTEGER;

/** An opaque cursor: the list goes on below this order's number. */
export function cursorAfter(number: number): string {
  return btoa(`n${number}`);
}

/** The number that a cursor stands for; null when nobody could have been given it. */
export function numberOf(cursor: string | undefined): number | null {
  if (cursor === undefined) return firstPage;
  if (!/^[A-Za-z0-9+/]+=*$/.test(cursor) || cursor.length % 4 !== 0) return null;
  const number = atob(cursor).match(/^n(\d{1,15})$/)?.[1];
  return number === undefined ? null : Number(number);
}
