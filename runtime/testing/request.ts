import type { Environment } from "../contract/environment.ts";
import type { CallRequest } from "../transport/transport.ts";

/** A call that a desk makes in the system's name, with five seconds to answer. */
export function requestOfDesk(environment: Pick<Environment, "monotonic">): CallRequest {
  return {
    caller: "desk",
    identity: { kind: "system" },
    traceId: "0123456789abcdef0123456789abcdef",
    deadlineAtMs: environment.monotonic() + 5_000,
    key: undefined,
    asText: false,
  };
}
