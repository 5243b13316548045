/**
 * What is kept of a refresh token, or of an address: enough to recognise it, too little to use it.
 */
export function fingerprint(text: string): string {
  return new Bun.CryptoHasher("sha256").update(text).digest("base64url");
}

/**
 * The refresh token that follows `token`. It is derived, so that a lost answer can be given again
 * though no token is stored; without the secret it cannot be told from 256 random bits.
 */
export function successorOf(token: string, secret: string): string {
  return new Bun.CryptoHasher("sha256", secret).update(token).digest("base64url");
}
