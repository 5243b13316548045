/**
 * The system cannot be started as it is; the message says why and what to do. Nothing was
 * changed.
 */
export class StartError extends Error {
  override readonly name = "StartError";
}

/** A port that cannot be listened on. */
export function portTaken(host: string, port: number, cause: unknown): StartError {
  return new StartError(
    `The port ${port} of ${host} cannot be taken; another program may have it. ` +
      `Stop that program, or choose another port with PORT or --port.`,
    { cause },
  );
}
