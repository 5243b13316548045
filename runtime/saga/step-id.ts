/**
 * Makes an id of the form of a UUIDv7 from a text: the same text, prefix and time give the same id,
 * and nobody who does not know the text can guess it.
 */
export function idFrom(
  text: string,
  { prefix, atMs }: { readonly prefix: string; readonly atMs: number },
): string {
  const bytes = Buffer.from(Bun.SHA256.hash(text).buffer).subarray(0, 16);
  bytes.writeUIntBE(Math.max(0, Math.floor(atMs)), 0, 6);
  bytes.writeUInt8(0x70 | (bytes.readUInt8(6) & 0x0f), 6);
  bytes.writeUInt8(0x80 | (bytes.readUInt8(8) & 0x3f), 8);
  const hex = bytes.toString("hex");
  const groups = [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20),
  ];
  return `${prefix}_${groups.join("-")}`;
}
