/** A full disk, one that fails, or one that another process keeps for too long. */
const codes = /^(SQLITE_(FULL|IOERR|BUSY)(_|$)|(ENOSPC|EDQUOT|EFBIG|EROFS|EIO)$)/;
const CAUSES_MAX = 8;

/** Tells whether an error, or what caused it, is the disk's doing and not that of who met it. */
export function isStorageFailure(error: unknown): boolean {
  let at = error;
  for (let depth = 0; depth < CAUSES_MAX && at instanceof Error; depth++) {
    if ("code" in at && codes.test(String(at.code))) return true;
    at = at.cause;
  }
  return false;
}
