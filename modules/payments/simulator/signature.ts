/** How far a webhook's own time may be from ours. */
const TOLERANCE_S = 300;

/** Signs a body as `t=<seconds>,v1=<hex of hmac-sha256(secret, "<seconds>.<body>")>`. */
export function signature(secret: string, body: string, atMs: number): string {
  const seconds = Math.floor(atMs / 1000);
  return `t=${seconds},v1=${hmac(secret, `${seconds}.${body}`).toString("hex")}`;
}

/** Why a signature is not accepted, or null when it is. Takes the same time for any wrong one. */
export function signatureFault(
  secret: string,
  signed: { readonly body: string; readonly signature: string },
  nowMs: number,
): string | null {
  if (secret.trim() === "") return "there is no secret to check the signature by";
  const parts = /^t=(\d{1,12}),v1=([0-9a-f]{64})$/.exec(signed.signature);
  if (parts === null) return "the signature is not of the form t=…,v1=…";
  const [, seconds = "", hex = ""] = parts;
  const expected = hmac(secret, `${seconds}.${signed.body}`);
  if (!crypto.timingSafeEqual(expected, Buffer.from(hex, "hex"))) {
    return "the signature does not fit the body";
  }
  if (Math.abs(nowMs / 1000 - Number(seconds)) > TOLERANCE_S) {
    return `the signature is more than ${TOLERANCE_S} s away from now`;
  }
  return null;
}

function hmac(secret: string, text: string): Buffer {
  return new Bun.CryptoHasher("sha256", secret).update(text).digest();
}
