import { modules } from "../modules/index.ts";
import { moduleName } from "../runtime/contract/contract.ts";

/** All modules, for topologies that have room for each new one. */
export const moduleNames: readonly string[] = modules.map(({ contract }) => contract[moduleName]);
