import type { Msg } from "@nats-io/transport-node";
import { Value } from "@sinclair/typebox/value";
import type { Environment } from "../../contract/environment.ts";
import { type Report, reportSchema } from "../report.ts";
import type { Connection } from "./connection.ts";
import { inboxOf } from "./subjects.ts";

/** How long a survey waits for those who should answer. */
const ANSWER_MS_MAX = 2_000;
const TOKEN_BYTES = 16;

export interface SurveyOptions {
  /** A connection of the console. */
  readonly connection: Connection;
  /** The names of all services that there may be. */
  readonly names: readonly string[];
  readonly environment: Environment;
}

/**
 * Asks every service how it is. Resolves as soon as all that are known have answered, or when those
 * that are missing have been waited for.
 *
 * Each name is asked by itself, with an inbox that nobody else can guess: the broker hands the
 * question to that module's user alone, so no module can answer in the name of another.
 */
export async function survey({
  connection,
  names,
  environment,
}: SurveyOptions): Promise<readonly Report[]> {
  const answers = new Answers(names);
  const subscriptions = names.map((name) => {
    const token = Buffer.from(environment.randomBytes(TOKEN_BYTES)).toString("hex");
    const reply = `${inboxOf(connection.user)}.${token}`;
    const callback = (error: unknown, msg: Msg) => {
      if (error === null) answers.take(name, msg);
    };
    const subscription = connection.client.subscribe(reply, { callback });
    connection.client.publish(`$SRV.STATS.${name}`, "", { reply });
    return subscription;
  });
  const cancel = environment.after(ANSWER_MS_MAX, () => answers.end());
  await answers.complete;
  cancel();
  for (const one of subscriptions) one.unsubscribe();
  return answers.reports;
}

/** What has been answered, and what is still awaited. */
class Answers {
  readonly reports: Report[] = [];
  readonly complete: Promise<void>;
  readonly end: () => void;
  /** The names of which nothing has come yet. */
  readonly #open: Set<string>;

  constructor(names: readonly string[]) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.complete = promise;
    this.end = resolve;
    this.#open = new Set(names);
  }

  take(name: string, msg: Msg): void {
    const isNobody = msg.headers?.code === 503;
    const report = isNobody ? undefined : reportIn(msg);
    if (report?.name === name) this.reports.push(report);
    else if (!isNobody) return;
    this.#open.delete(name);
    if (this.#open.size === 0 && this.#areAllThere()) this.end();
  }

  /** True when every instance of the topology has answered for all that is placed in it. */
  #areAllThere(): boolean {
    const instances = this.reports.flatMap(({ topology }) => topology?.instances ?? []);
    const there = new Set(this.reports.map(({ instance, name }) => `${instance} ${name}`));
    return (
      instances.every((instance) => this.reports.some((one) => one.instance === instance)) &&
      this.reports.every(({ instance, placement }) =>
        placement.every((name) => there.has(`${instance} ${name}`)),
      )
    );
  }
}

/** The report in an answer, if there is one that can be read. */
function reportIn(msg: Msg): Report | undefined {
  try {
    const { data } = JSON.parse(msg.string());
    return Value.Check(reportSchema, data) ? data : undefined;
  } catch {
    return undefined;
  }
}
