import { inventory } from "#modules/inventory";
import { handler } from "#runtime";
import { violations } from "../store/audit.ts";

export const audit = handler(inventory.audit, (_input, { read }) => violations(read));
