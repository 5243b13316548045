import {
  ContractError,
  Defect,
  DomainError,
  isDomainError,
  isTransportError,
  TransportError,
} from "../contract/errors.ts";

/** Characters of an error's message, at most; the log of who threw it has it whole. */
const LENGTH_MAX = 4_096;

/** An error as it crosses a wire. A defect keeps its message for the log, and nothing else. */
export type WireError =
  | { readonly kind: "declared"; code: string; data: unknown; procedure: string }
  | {
      readonly kind: "transport";
      code: TransportError["code"];
      executed: TransportError["executed"];
      message: string;
      /** Whose fault it is; an older version does not say it. */
      fault?: TransportError["fault"];
      /**
       * True for the error of a neighbour of the callee, from a version that has no `fault`.
       * Deprecated: read for one release, so that processes can be replaced one by one.
       */
      isRelayed?: true;
    }
  | { readonly kind: "contract"; message: string }
  | { readonly kind: "defect"; message: string };

/** Makes an error fit for JSON. */
export function toWire(error: unknown): WireError {
  if (isDomainError(error)) {
    const { code, data, procedure } = error;
    return { kind: "declared", code, data, procedure };
  }
  const message = (error instanceof Error ? error.message : String(error)).slice(0, LENGTH_MAX);
  if (isTransportError(error)) {
    const { code, executed, fault } = error;
    return { kind: "transport", code, executed, message, fault };
  }
  if (error instanceof ContractError) return { kind: "contract", message };
  return { kind: "defect", message };
}

/**
 * An error as a caller in another process would get it: with nothing of the callee's but what its
 * contract declares, and not the object that somebody else has.
 */
export function received(error: unknown): Error {
  return fromWire(JSON.parse(JSON.stringify(toWire(error))));
}

/** Makes an error of what `toWire` made. */
export function fromWire(error: WireError): Error {
  switch (error.kind) {
    case "declared":
      return new DomainError(error.code, error.data, error.procedure);
    case "transport":
      return new TransportError(error.code, error.executed, error.message, {
        fault: error.fault ?? (error.isRelayed === true ? "neither" : "callee"),
      });
    case "contract":
      return new ContractError(error.message);
    case "defect":
      return new Defect(error.message);
  }
}
