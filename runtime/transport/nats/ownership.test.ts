import { Broker } from "../../testing/broker.ts";
import { ownedManifest, ownershipSuite } from "./ownership.suite.ts";

ownershipSuite("over a real broker", {
  async open() {
    const broker = await Broker.open(ownedManifest);
    let port = 0;
    return {
      connect: (place) => broker.connect({ users: ["shelf"], place }),
      async kill() {
        port = Number(new URL(broker.url).port);
        await broker.kill();
      },
      start: () => broker.start(port),
      [Symbol.asyncDispose]: () => broker[Symbol.asyncDispose](),
    };
  },
});
