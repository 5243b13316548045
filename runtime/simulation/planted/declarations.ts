import type { PlantedBug } from "../plant.ts";

/** Bugs in what follows from the procedures that a module declares. */
export const declarationBugs: readonly PlantedBug[] = [
  {
    name: "the broker refuses a procedure that is declared",
    why: "Of the procedures of each module that is used, the last one gets no permission.",
    file: "runtime/transport/nats/permissions.ts",
    find: "procedures.flatMap((procedure) => callSubjects(callee, procedure, name)),",
    replace: `procedures
          .slice(0, -1)
          .flatMap((procedure) => callSubjects(callee, procedure, name)),`,
    says: /does not let \w+ call \w+\.\w+/,
    topology: "split",
  },
  {
    name: "the broker lets no caller choose an instance",
    why: "A call to a certain instance is refused, which is how every call goes that is balanced.",
    file: "runtime/transport/nats/permissions.ts",
    find: `    callSubject(module, procedure, caller),
    instanceCallSubject({ module, instance: "*" }, procedure, caller),`,
    replace: "    callSubject(module, procedure, caller),",
    says: /does not let \w+ call \w+\.\w+/,
    topology: "split",
  },
  {
    name: "of a module's procedures one is checked for all",
    why: "A call is let through for the first declared procedure of each module only.",
    file: "runtime/module/hosted-module.ts",
    find: "const uses = new Set(module.uses);",
    replace: `const uses = new Set(
      module.uses.filter((one) => one === module.uses.find((two) => two.module === one.module)),
    );`,
    says: /calls \w+\.\w+ without declaring it/,
  },
];
