import { existsSync, readFileSync } from "node:fs";
import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import type { Manifest } from "../manifest.ts";
import { BrokerError } from "./broker-error.ts";
import { serverFiles } from "./server-config.ts";

const names = Type.Array(Type.String());
const manifestSchema = Type.Array(
  Type.Object({
    name: Type.String(),
    queries: names,
    commands: names,
    events: names,
    calls: Type.Array(Type.Object({ callee: Type.String(), procedures: names })),
    reads: Type.Array(Type.Object({ producer: Type.String(), events: names })),
  }),
);

/**
 * The manifest that the keys, accounts and streams of a data folder were made by. An instance
 * learns from it who may call it: it does not load the modules that run elsewhere.
 *
 * Throws a BrokerError when there is none, as in a folder that an earlier version made ready.
 */
export function provisionedManifest(folder: string): Manifest {
  const { manifest: path } = serverFiles(folder);
  const found = existsSync(path) ? parsed(readFileSync(path, "utf8")) : undefined;
  if (Value.Check(manifestSchema, found)) return found;
  const fault = existsSync(path) ? "holds no manifest" : "is missing";
  throw new BrokerError(
    `${path} ${fault}: it says who may call whom, and stands beside the keys. Run "cleave nats ` +
      'provision" over this data folder, or copy the file from where that was run.',
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
