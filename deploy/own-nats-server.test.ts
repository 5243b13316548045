import { expect, test } from "bun:test";
import { readdirSync, writeFileSync } from "node:fs";
import { eventually } from "../runtime/testing/eventually.ts";
import { temporaryFolder } from "../runtime/testing/temporary-folder.ts";
import { PAYLOAD_BYTES_MAX } from "../runtime/transport/nats/limits.ts";
import { serverFiles } from "../runtime/transport/nats/server-config.ts";
import { freeUrl, runServer } from "./testing/own-nats-server.ts";
import { runMain } from "./testing/spawned-shop.ts";

/** A config of somebody's own that includes the accounts of a data folder. */
function ownConfig(folder: string, url: string, payloadBytesMax: number): string {
  const path = `${folder}/own.conf`;
  const { accounts } = serverFiles(folder);
  const store = `${folder}/own-store`;
  writeFileSync(
    path,
    `listen: "127.0.0.1:${new URL(url).port}"
max_payload: ${payloadBytesMax}
jetstream { store_dir: "${store}" }
accounts { include "${accounts.slice(folder.length + 1)}" }
`,
  );
  return path;
}

const provision = (folder: string, url: string) =>
  runMain(["nats", "provision", "--nats", url, "--data-dir", folder]);
const rotate = (folder: string) => runMain(["nats", "rotate", "orders", "--data-dir", folder]);

test("a server that carries less than instances send is not provisioned", async () => {
  using folder = temporaryFolder();
  const url = freeUrl();
  await provision(folder.path, url);
  await using _ = await runServer(["-c", ownConfig(folder.path, url, 1_048_576)]);
  const { code, output, errors } = await provision(folder.path, url);
  expect({ code, output }).toEqual({ code: 1, output: "" });
  expect(errors).toContain(`Write "max_payload: ${PAYLOAD_BYTES_MAX}" into its config`);
  expect(errors.trimEnd().split("\n")).toHaveLength(1);
}, 30_000);

test("a key is rotated on a server that its owner reloads, between two runs", async () => {
  using folder = temporaryFolder();
  const url = freeUrl();
  await provision(folder.path, url);
  const keys = () => readdirSync(`${folder.path}/nats/keys`).filter((one) => /^orders/.test(one));
  {
    await using server = await runServer(["-c", ownConfig(folder.path, url, PAYLOAD_BYTES_MAX)]);
    expect(await provision(folder.path, url)).toMatchObject({ code: 0, errors: "" });
    for (let times = 0; times < 2; times++) {
      const offered = await rotate(folder.path);
      expect({ code: offered.code, output: offered.output }).toEqual({ code: 1, output: "" });
      expect(offered.errors).toBe(
        "The new key of orders is made, and the old one is still in use. The nats-server at " +
          `${url} is to read ${folder.path}/nats/accounts.conf anew, as by nats-server --signal ` +
          "reload=<its process id>. Then run this again.\n",
      );
      expect(keys()).toEqual(["orders.next.seed", "orders.seed"]);
    }
    process.kill(server.pid, "SIGHUP");
    const adopted = await eventually(
      () => rotate(folder.path),
      ({ code }) => code === 0,
    );
    expect(adopted.output).toStartWith("The NATS user orders has a new key.\n");
    expect(adopted.output).toContain("until then it takes the old one, too.");
    expect(keys()).toEqual(["orders.seed"]);
    process.kill(server.pid, "SIGHUP");
    expect(await provision(folder.path, url)).toMatchObject({ code: 0, errors: "" });
  }
  const { code, errors } = await rotate(folder.path);
  expect(code).toBe(1);
  expect(errors).toContain(`The nats-server at ${url} is not there, or does not let in orders`);
  expect(keys()).toEqual(["orders.seed"]);
}, 60_000);

test("a damaged key ends the start of all at once, in a sentence", async () => {
  using folder = temporaryFolder();
  await provision(folder.path, freeUrl());
  const key = `${folder.path}/nats/keys/orders.seed`;
  writeFileSync(key, "junk");
  const words = ["start", "--topology", "split", "--port", "0", "--data-dir", folder.path];
  const { code, output, errors } = await runMain(words);
  expect({ code, output }).toEqual({ code: 1, output: "" });
  expect(errors).toStartWith(`The key file ${key} holds no seed of a NATS user.`);
  expect(errors.trimEnd().split("\n")).toHaveLength(1);
}, 30_000);

test("damaged data end the start of all at once, and the log says why", async () => {
  using folder = temporaryFolder();
  writeFileSync(`${folder.path}/orders.db`, "not a database at all, and longer than a header is");
  const words = ["start", "--topology", "split", "--port", "0", "--data-dir", folder.path];
  const { code, output, errors } = await runMain(words);
  expect({ code, output }).toEqual({ code: 1, output: "" });
  expect(errors).toContain("orders.db");
  expect(errors.trimEnd().split("\n").at(-1)).toBe(
    "orders could not be started: its data are refused as they are. The log above says why; " +
      "mend that and start again.",
  );
  expect(errors).not.toContain("restartInMs");
}, 60_000);
