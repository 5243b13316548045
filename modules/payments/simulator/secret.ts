import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { World } from "#runtime";

/** The webhook secret of this shop: made at the first start, then read back. Only its owner reads it. */
export function kept(world: World): string {
  const path = join(world.folder(), "webhook-secret");
  if (existsSync(path)) return readFileSync(path, "utf8").trim();
  const ids = Array.from({ length: 4 }, () => world.newId("whsec"));
  const secret = `whsec_${createHash("sha256").update(ids.join()).digest("hex")}`;
  writeFileSync(path, secret, { mode: 0o600, flag: "wx" });
  return secret;
}
