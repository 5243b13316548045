import { brokerUsers } from "./broker-users.ts";

/** Characters of one name, at most: it stands in subjects, file names, rows and headers. */
const NAME_LENGTH_MAX = 60;

/** What the kernel's own procedures begin with. */
const OPERATION = "cleave";
const operation = new RegExp(`^${OPERATION}(?![a-z0-9])`);

/** Reports whether a procedure is one of the kernel's own, such as `cleaveSagas`. */
export function isOperation(procedure: string): boolean {
  return operation.test(procedure);
}

/**
 * Throws a TypeError unless a module can have this name in every placement: it is also the name of
 * its folder, its database file and its user at the broker.
 */
export function assertModuleName(name: string): void {
  if (!/^[a-z][a-z0-9_-]*$/.test(name) || name.length > NAME_LENGTH_MAX) {
    throw new TypeError(
      `A module is called "${shown(name)}". Call it by a lower-case letter and then lower-case ` +
        `letters, digits, _ and -, at most ${NAME_LENGTH_MAX} in all.`,
    );
  }
  if (brokerUsers.includes(name) || isOperation(name)) {
    throw new TypeError(`A module is called ${name}, as a part of Cleave is. Rename it.`);
  }
}

/**
 * Throws a TypeError unless a procedure, event, step, saga or port can have this name in every
 * placement. `what` stands for it in the message, as in "The saga". The name of a saga or port may
 * have several parts with dots between them, as in `orders.place-order`.
 */
export function assertName(
  name: string,
  what: string,
  { isDotted = false }: { readonly isDotted?: boolean } = {},
): void {
  const parts = isDotted ? name.split(".") : [name];
  if (parts.every((part) => /^[A-Za-z][\w-]*$/.test(part)) && name.length <= NAME_LENGTH_MAX) {
    return;
  }
  const dots = isDotted ? ", in parts with dots between them" : "";
  throw new TypeError(
    `${what} is called "${shown(name)}". Call it by a letter from a to z and then such letters, ` +
      `digits, _ and -${dots}, at most ${NAME_LENGTH_MAX} in all.`,
  );
}

/** Throws a TypeError for a procedure or event that is called like one of the kernel's own. */
export function assertNoOperation(name: string, where: string): void {
  if (!isOperation(name)) return;
  throw new TypeError(
    `${where} begins with "${OPERATION}", as the procedures do that every module has from ` +
      "Cleave. Rename it.",
  );
}

function shown(name: string): string {
  return String(name).slice(0, 2 * NAME_LENGTH_MAX);
}
