/** How serious a log line is, in rising order. */
export type Level = "debug" | "info" | "warn" | "error";

export type Fields = { readonly [name: string]: unknown };

/** Writes structured log lines. Fields given to `with` are on every line of the result. */
export interface Log {
  debug(message: string, fields?: Fields): void;
  info(message: string, fields?: Fields): void;
  warn(message: string, fields?: Fields): void;
  error(message: string, fields?: Fields): void;
  with(fields: Fields): Log;
}
