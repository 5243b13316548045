import { expect, test } from "bun:test";
import { type Run, startChild } from "./child.ts";
import { eachLines } from "./merged-log.ts";
import { realEnvironment } from "./real-environment.ts";

const protocol = JSON.stringify(`${import.meta.dir}/child-protocol.ts`);

/** A child that writes down each thing that its supervisor asks of it. */
const child = `
  import { answerHealthChecks, isSupervised, onStopRequests, sayReady } from ${protocol};
  answerHealthChecks();
  onStopRequests({
    hold: () => console.log("hold"),
    stop: () => console.log("stop"),
    orphaned: () => (console.log("orphaned"), process.exit(3)),
  });
  process.on("SIGTERM", () => {});
  console.log("supervised: " + isSupervised());
  sayReady({ name: "core" });
`;

function begun(): { readonly run: Run; readonly said: (text: string) => Promise<void> } {
  const lines: string[] = [];
  const waiting = new Map<string, () => void>();
  const run = startChild({
    instance: "core",
    command: [process.execPath, "-e", child],
    variables: process.env,
    sink: async (text) => {
      for (const line of text.trimEnd().split("\n")) lines.push(JSON.parse(line).message);
      for (const line of lines) waiting.get(line)?.();
    },
    environment: realEnvironment(),
  });
  const said = (text: string) =>
    new Promise<void>((resolve) => {
      if (lines.includes(text)) resolve();
      else waiting.set(text, resolve);
    });
  return { run, said };
}

test("a child takes whatever its supervisor asks of it", async () => {
  const { run, said } = begun();
  await run.ready;
  await said("supervised: true");
  await run.ask?.();
  await run.ask?.();
  run.hold();
  await said("hold");
  run.signal("SIGTERM");
  await said("stop");
  run.signal("SIGKILL");
  expect(await run.ended).toBe("was ended by SIGKILL");
});

test("a request may come in pieces, others are passed over, and the end is noticed", async () => {
  const env = { ...process.env, CLEAVE_SUPERVISED: "true" };
  const command = [process.execPath, "-e", child];
  const spawned = Bun.spawn(command, { env, stdin: "pipe", stdout: "pipe", stderr: "inherit" });
  const said: string[] = [];
  let next = Promise.withResolvers<void>();
  const reading = eachLines(spawned.stdout, async (lines) => {
    said.push(...lines);
    next.resolve();
    next = Promise.withResolvers();
  });
  while (!said.includes("Cleave is ready: core")) await next.promise;
  const write = async (text: string) => {
    spawned.stdin.write(text);
    await spawned.stdin.flush();
  };
  await write("stopped\nhold\nst");
  while (!said.includes("hold")) await next.promise;
  await write("op\n");
  while (!said.includes("stop")) await next.promise;
  await spawned.stdin.end();
  await reading;
  expect(said).toEqual(["supervised: true", "Cleave is ready: core", "hold", "stop", "orphaned"]);
  expect(await spawned.exited).toBe(3);
});
