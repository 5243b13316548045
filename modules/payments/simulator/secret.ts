import { join } from "node:path";
import { keyFault, readOrCreateKey, type World } from "#runtime";

const BYTES = 32;

/**
 * The webhook secret of this shop: made at the first start, then read back; for its owner's eyes.
 */
export function kept(world: World): string {
  const secret = readOrCreateKey(join(world.folder(), "webhook-secret"), {
    make: () => `whsec_${Buffer.from(world.randomBytes(BYTES)).toString("hex")}`,
    fault: (content) => secretFault(content.toString().trim()),
    loss: "webhooks that were signed with the old secret are refused, and sent again",
  });
  return secret.toString().trim();
}

function secretFault(secret: string): string | undefined {
  const [, hex] = /^whsec_([0-9a-f]*)$/.exec(secret) ?? [];
  if (hex === undefined) return "does not hold whsec_ and hexadecimal digits";
  return keyFault(Buffer.from(hex, "hex"), BYTES);
}
