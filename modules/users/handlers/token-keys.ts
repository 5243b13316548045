import { handler } from "#runtime";
import { users } from "../contract.ts";
import { ISSUER, publicJwk, stillTrusted } from "../domain/keys.ts";
import { keysOf } from "../store.ts";

export const tokenKeys = handler(users.tokenKeys, (_input, { read, now }) => ({
  issuer: ISSUER,
  keys: stillTrusted(keysOf(read), now()).map(publicJwk),
}));
