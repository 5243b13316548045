/** What one module offers, calls and reads: subjects and permissions follow from it. */
export interface ModuleLinks {
  readonly name: string;
  readonly queries: readonly string[];
  readonly commands: readonly string[];
  readonly events: readonly string[];
  /** The modules that it calls, with the names of the procedures. */
  readonly calls: readonly { readonly callee: string; readonly procedures: readonly string[] }[];
  /** The modules whose events it reacts to, with the names of those events. */
  readonly reads: readonly { readonly producer: string; readonly events: readonly string[] }[];
}

/** Who offers, calls and reads what, over all modules of a system. */
export type Manifest = readonly ModuleLinks[];
