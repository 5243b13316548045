import { version } from "../../package.json";
import { GATEWAY } from "../contract/broker-users.ts";
import type { HostedModule } from "../module/hosted-module.ts";
import type { Report } from "../transport/report.ts";
import type { Placement } from "./topology.ts";

/** How a process is that is all of its system: each module, and the gateway. */
export function reportsAlone(
  modules: readonly HostedModule[],
  about: Pick<Report, "state" | "startedAtMs" | "upMs"> & { readonly placement: Placement },
): Report[] {
  const { placement, ...times } = about;
  const alone = {
    ...times,
    instance: placement.name,
    version,
    placement: [...placement.modules, GATEWAY],
    topology: null,
    circuits: [],
    neighbours: [],
    readers: [],
  };
  return [
    ...modules.map(({ name, traffic, circuits, events, blocking }) => ({
      ...alone,
      name,
      role: "owner" as const,
      traffic,
      circuits: [...circuits],
      events,
      blocking: [...blocking],
    })),
    { ...alone, name: GATEWAY, role: "gateway", traffic: null },
  ];
}
