import { Broker } from "../../testing/broker.ts";
import { limitedManifest, streamLimitsSuite } from "./stream-limits.suite.ts";

streamLimitsSuite("over a real broker", {
  async open(streamBytesMax) {
    const broker = await Broker.open(limitedManifest, streamBytesMax);
    return {
      connect: (user, log) => broker.link(user, log),
      [Symbol.asyncDispose]: () => broker[Symbol.asyncDispose](),
    };
  },
});
