import type { ModuleLinks } from "../transport/manifest.ts";

/** What a module has to do with the others, for tests: nothing but what is given. */
export function links(name: string, given: Partial<Omit<ModuleLinks, "name">> = {}): ModuleLinks {
  return { name, queries: [], commands: [], events: [], calls: [], reads: [], ...given };
}
