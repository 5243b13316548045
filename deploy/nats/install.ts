// Makes sure that there is a nats-server: what `bun run test` and a split topology need.
import { findNatsServer } from "../../runtime/transport/nats/executable.ts";

/** Ways to install it, by the program that they need; the first that is there is taken. */
const ways: readonly (readonly [needs: string, commands: readonly string[][]])[] = [
  ["brew", [["brew", "install", "nats-server"]]],
  [
    "apt-get",
    [
      ["apt-get", "update"],
      ["apt-get", "install", "--yes", "--no-install-recommends", "nats-server"],
    ],
  ],
];

function complaint(): string | undefined {
  try {
    findNatsServer(process.env["NATS_SERVER"] || undefined);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function install(): void {
  const [, commands = []] = ways.find(([needs]) => Bun.which(needs) !== null) ?? [];
  const asRoot = process.getuid?.() === 0 || commands[0]?.[0] === "brew";
  for (const command of commands) {
    const whole = asRoot ? command : ["sudo", "--non-interactive", ...command];
    console.error(whole.join(" "));
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    Bun.spawnSync(whole, { env, stdout: "ignore", stderr: "inherit" });
  }
}

if (complaint() !== undefined) install();
const left = complaint();
if (left !== undefined) {
  console.error(left);
  process.exit(1);
}
