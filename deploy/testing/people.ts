import { users } from "#modules/users";
import { given } from "./buyer.ts";
import { asSystem } from "./little-shop.ts";
import type { SpawnedShop } from "./spawned-shop.ts";

const password = "correct horse battery";

/**
 * Opens an account as a customer does, and signs in. Resolves with the header of a signed-in
 * user.
 */
export async function customer(shop: SpawnedShop, email: string): Promise<Authorization> {
  given(await shop.client().users.v1.auth.register.post({ email, password, name: "A Customer" }));
  return await signedIn(shop, { email, password });
}

/** Gives somebody a role, and signs them in. */
export async function employee(shop: SpawnedShop, role: "staff" | "admin"): Promise<Authorization> {
  const email = `${role}@example.com`;
  await asSystem(shop.folder, users.createUser, { email, password, name: "", role });
  return await signedIn(shop, { email, password });
}

/** The header that says who somebody is. */
export type Authorization = { readonly authorization: string };

/** Signs in by password. */
export async function signedIn(
  shop: SpawnedShop,
  credentials: { readonly email: string; readonly password: string },
): Promise<Authorization> {
  const { accessToken } = given(await shop.client().users.v1.auth.login.post(credentials));
  return { authorization: `Bearer ${accessToken}` };
}
