import type { Environment } from "../contract/environment.ts";
import type { Module } from "../module/define-module.ts";
import { definitionMistakes } from "../saga/definitions.ts";
import { openForReading } from "../store/database.ts";
import { StoreError } from "../store/store-error.ts";
import { databaseOf } from "./instance.ts";

/**
 * Why modules would be refused at a start because of sagas that are under way, a sentence each.
 *
 * Reads the databases in a data folder and changes nothing. A database that is not there, or cannot
 * be read as it is, as before a migration, has no sentence.
 */
export function sagaRefusals(
  modules: readonly Module[],
  about: { readonly folder: string; readonly environment: Environment },
): string[] {
  return modules.flatMap((module) => {
    try {
      const database = openForReading(databaseOf(module, about));
      try {
        return definitionMistakes(database, module.sagas);
      } finally {
        database.close();
      }
    } catch (error) {
      if (error instanceof StoreError) return [];
      throw error;
    }
  });
}
