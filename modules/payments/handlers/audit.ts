import { handler } from "#runtime";
import { payments } from "../contract.ts";
import { findings } from "../store/audit.ts";

export const audit = handler(payments.audit, (_input, { read, now }) => findings(read, now()));
