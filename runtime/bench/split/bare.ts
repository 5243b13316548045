// One side of the yardsticks over NATS, in a process of its own: the client alone, with JSON.
import { connect } from "@nats-io/transport-node";
import { authenticatorOf } from "../../transport/nats/keys.ts";
import { inboxOf } from "../../transport/nats/subjects.ts";
import { answering } from "./answering.ts";
import { bareAsking, barePricing } from "./bare-calls.ts";
import { bareHearing, bareTelling } from "./bare-events.ts";
import type { Bare } from "./placed.ts";

const bare: Bare = JSON.parse(process.argv[2] ?? "");
const { side, folder, natsUrl, delayMs = 0 } = bare;
const user = `bare-${side}`;
const client = await connect({
  servers: natsUrl,
  authenticator: authenticatorOf(folder, user),
  inboxPrefix: inboxOf(user),
});
const sides = {
  asking: async () => bareAsking(client),
  pricing: async () => barePricing(client, delayMs),
  telling: async () => bareTelling(client, folder),
  hearing: () => bareHearing(client, folder),
};
answering(await sides[side]());
