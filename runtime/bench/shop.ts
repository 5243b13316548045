import { type SpawnedServer, spawnServer } from "./spawned.ts";

/** Starts the demo shop as its users do, over `folder`, which it fills the first time. */
export function spawnShop(
  folder: string,
  {
    logLevel = "warn",
    topology = "monolith",
  }: { readonly logLevel?: "warn" | "info"; readonly topology?: string } = {},
): Promise<SpawnedServer> {
  const { pathname: main } = new URL("../../deploy/main.ts", import.meta.url);
  const flags = ["--port", "0", "--host", "127.0.0.1", "--data-dir", folder];
  return spawnServer([main, "start", ...flags, "--log-level", logLevel, "--topology", topology]);
}
