import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { World } from "#runtime";

/**
 * The webhook secret of this shop: made at the first start, then read back; for its owner's eyes.
 */
export function kept(world: World): string {
  const path = join(world.folder(), "webhook-secret");
  if (existsSync(path)) return readFileSync(path, "utf8").trim();
  const secret = `whsec_${Buffer.from(world.randomBytes(32)).toString("hex")}`;
  writeFileSync(path, secret, { mode: 0o600, flag: "wx" });
  return secret;
}
