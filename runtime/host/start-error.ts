/**
 * The system cannot be started as it is; the message says why and what to do. Nothing was
 * changed.
 */
export class StartError extends Error {
  override readonly name = "StartError";
}

/** An address or a port that cannot be listened on, as the system's reason tells them apart. */
export function cannotListen(host: string, port: number, cause: unknown): StartError {
  const code = codeOf(cause);
  if (code !== "EADDRINUSE" && code !== "EACCES") {
    return new StartError(
      `The address ${host} cannot be listened on: it is not this machine's, or a name that ` +
        "nobody knows. Choose another with HOST or --host, such as 127.0.0.1 or 0.0.0.0.",
      { cause },
    );
  }
  return new StartError(
    `The port ${port} of ${host} cannot be taken; another program may have it. ` +
      `Stop that program, or choose another port with PORT or --port.`,
    { cause },
  );
}

/** The system's code, in an error or in what caused it. */
function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if ("code" in error && typeof error.code === "string") return error.code;
  return codeOf(error.cause);
}
