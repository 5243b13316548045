import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";

/** A folder that is gone when the test ends. */
export function temporaryFolder(): Disposable & { readonly path: string } {
  const path = mkdtempSync(`${tmpdir()}/cleave-test-`);
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}
