import { accessSync, closeSync, constants, existsSync, openSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { StoreError } from "./store-error.ts";

/** A database needs so many files at once: itself, its log and its shared memory. */
const FILES_OF_A_DATABASE = 3;
const CAUSES_MAX = 8;

/** Why a file cannot be used, by the system's code, and what to do. */
const reasons: Readonly<Record<string, readonly [why: string, remedy: string]>> = {
  EROFS: [
    "its file system is read-only",
    "Mount it for writing, or choose another folder with DATA_DIR.",
  ],
  EACCES: [
    "this user has no right to it",
    "Give this user the right to read and write it, or start as the user whose it is.",
  ],
  EMFILE: [
    "this process has too many open files",
    "Raise the limit, as with ulimit -n 1024, or LimitNOFILE of systemd.",
  ],
  ENFILE: ["this machine has too many open files", "Raise its limit: fs.file-max."],
  ENOSPC: ["its disk is full", "Make room on it."],
  EDQUOT: ["the disk quota of this user is used up", "Make room, or raise the quota."],
  EISDIR: ["it is a folder, not a file", "Move it away, or choose another folder with DATA_DIR."],
  EIO: ["its disk fails", "Look at the disk and at the log of the system's kernel."],
};

/** How SQLite says the same, where it does. */
const sqliteCodes: readonly (readonly [RegExp, string])[] = [
  [/^SQLITE_FULL/, "ENOSPC"],
  [/^SQLITE_PERM/, "EACCES"],
  [/^SQLITE_IOERR/, "EIO"],
];

/**
 * A sentence for people on an error that the operating system caused: which file, why, and what to
 * do. Undefined for any other error, such as one that speaks of damage.
 *
 * SQLite does not tell why it cannot open or write a file, nor does one whose code cannot be
 * loaded. So where `path` is given, the file and its folder are tried for the reason.
 */
export function fileFailure(error: unknown, path?: string): string | undefined {
  return failureOf(error, path)?.sentence;
}

/** The same as an error of a database or a key file. */
export function storeFailure(cause: unknown, path?: string): StoreError | undefined {
  const failure = failureOf(cause, path);
  if (failure === undefined) return undefined;
  return new StoreError(failure.sentence, { cause, systemCode: failure.code });
}

interface FileFailure {
  readonly code: string;
  readonly sentence: string;
}

function failureOf(error: unknown, path: string | undefined): FileFailure | undefined {
  let at = error;
  for (let depth = 0; depth < CAUSES_MAX && at instanceof Error; depth++) {
    const said = "code" in at ? String(at.code) : "";
    const code = systemCode(said, path);
    const reason = code === undefined ? undefined : reasons[code === "EPERM" ? "EACCES" : code];
    const file = path ?? ("path" in at ? String(at.path) : undefined);
    if (code !== undefined && reason !== undefined) {
      const what = file === undefined ? "A file" : file;
      return { code, sentence: `${what} cannot be used: ${reason[0]} (${code}). ${reason[1]}` };
    }
    at = at.cause;
  }
  return undefined;
}

function systemCode(code: string, path: string | undefined): string | undefined {
  if (code in reasons || code === "EPERM") return code;
  // The system says why, and it is nothing of the above.
  if (/^E[A-Z]+$/.test(code)) return undefined;
  const isOpen = !code.startsWith("SQLITE_") || /^SQLITE_(CANTOPEN|READONLY|IOERR|PERM)/.test(code);
  const tried = isOpen && path !== undefined ? reasonOf(path) : undefined;
  if (tried !== undefined) return tried;
  if (/^SQLITE_READONLY/.test(code)) return "EROFS";
  return sqliteCodes.find(([pattern]) => pattern.test(code))?.[1];
}

/** The code with which a database, or a file beside it, cannot be opened now. */
function reasonOf(path: string): string | undefined {
  const opened: number[] = [];
  try {
    if (existsSync(path)) {
      if (statSync(path).isDirectory()) return "EISDIR";
      accessSync(path, constants.R_OK | constants.W_OK);
    }
    accessSync(dirname(path), constants.R_OK | constants.W_OK | constants.X_OK);
    while (opened.length < FILES_OF_A_DATABASE) opened.push(openSync(dirname(path), "r"));
    return undefined;
  } catch (error) {
    return error instanceof Error && "code" in error ? String(error.code) : undefined;
  } finally {
    for (const one of opened) closeSync(one);
  }
}
