import { expect, test } from "bun:test";
import { desk } from "../testing/sample/contracts.ts";
import { deskModule } from "../testing/sample/desk.ts";
import { shelfModule } from "../testing/sample/shelf.ts";
import { manifestOf } from "./manifest.ts";

test("the manifest says of each module what it alone offers, calls and reads", () => {
  const [deskLinks, shelfLinks] = manifestOf([deskModule, shelfModule]);
  expect(deskLinks).toEqual({
    name: "desk",
    queries: ["orderState", "sightings", "cleaveSagas", "cleaveDeadLetters"],
    commands: [
      "order",
      "sign",
      "tryToTake",
      "cleaveRetrySaga",
      "cleaveRedrive",
      "cleaveRedriveAll",
      "cleaveSetAside",
      "cleaveDiscard",
    ],
    events: ["ordered"],
    calls: [{ callee: "shelf", procedures: ["countOf", "put", "putBack", "take"] }],
    reads: [{ producer: "shelf", events: ["taken"] }],
  });
  expect(shelfLinks).toMatchObject({ name: "shelf", events: ["taken"], calls: [], reads: [] });
});

test("events of one producer are read together, and each once", () => {
  const twice = [...deskModule.reactions, ...deskModule.reactions];
  const own = { event: desk.ordered, work: () => {} };
  const [links] = manifestOf([{ ...deskModule, reactions: [...twice, own] }]);
  expect(links?.reads).toEqual([
    { producer: "shelf", events: ["taken"] },
    { producer: "desk", events: ["ordered"] },
  ]);
});
