import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { typedCommand } from "../runtime/host/typed-command.ts";
import { temporaryFolder } from "../runtime/testing/temporary-folder.ts";
import { runMain } from "./testing/spawned-shop.ts";

const nobody = "nats://127.0.0.1:1";

describe("a data folder that is not there", () => {
  test("has no status, and is not made by asking for it", async () => {
    using place = temporaryFolder();
    const folder = `${place.path}/absent`;
    const start = typedCommand(`start --data-dir ${folder}`);
    const sentence = `Nothing runs over ${folder}. Start it: ${start}.`;
    const asText = await runMain(["status", "--data-dir", folder]);
    expect(asText).toEqual({ code: 1, output: "", errors: `${sentence}\n` });
    const asJson = await runMain(["status", "--json", "--data-dir", folder]);
    expect({ code: asJson.code, errors: asJson.errors }).toEqual({ code: 1, errors: "" });
    expect(JSON.parse(asJson.output)).toMatchObject({ instances: [], faults: [sentence] });
    expect(existsSync(folder)).toBe(false);
  });

  test("is not made for a user, since it may be misspelt", async () => {
    using place = temporaryFolder();
    const folder = `${place.path}/misspelt`;
    const words = ["user", "create", "--email", "a@example.com", "--data-dir", folder];
    const { code, output, errors } = await runMain(words, { input: "correct horse battery\n" });
    expect({ code, output }).toEqual({ code: 1, output: "" });
    expect(errors).toStartWith(`The data folder ${folder} does not exist. Name another with`);
    expect(existsSync(folder)).toBe(false);
  });

  test.each([
    ["another DATA_DIR, and no keys", ["--topology", "split", "--instance", "products"]],
    ["a gateway without keys", ["--topology", "split", "--instance", "gateway", "--port", "0"]],
  ])("is not left behind by a refused start: %s", async (_why, words) => {
    using place = temporaryFolder();
    const folder = `${place.path}/a/b`;
    const about = ["--nats", nobody, "--data-dir", folder, "--no-demo"];
    const { code, errors } = await runMain(["start", ...words, ...about]);
    expect(code).toBe(1);
    expect(errors).not.toMatch(/^\s+at /m);
    expect(readdirSync(place.path)).toEqual([]);
  });

  test("is not left behind without a nats-server, nor is an empty one marked", async () => {
    using place = temporaryFolder();
    for (const folder of [`${place.path}/a/b`, place.path]) {
      const words = ["start", "--topology", "split", "--port", "0", "--data-dir", folder];
      const { code } = await runMain([...words, "--nats-server", `${place.path}/no-server`]);
      expect(code).toBe(1);
      expect(readdirSync(place.path)).toEqual([]);
    }
  });
});

describe("a data folder that is a file, or below one", () => {
  test.each([
    [["start", "--port", "0"]],
    [["start", "--port", "0", "--topology", "split"]],
    [["status"]],
    [["status", "--json"]],
    [["nats", "rotate", "orders"]],
    [["nats", "provision", "--nats", nobody]],
    [["user", "create", "--email", "a@example.com"]],
  ])("is called one by %j", async (words) => {
    using place = temporaryFolder();
    const file = `${place.path}/file`;
    writeFileSync(file, "");
    for (const folder of [file, `${file}/below`]) {
      const about = { input: "correct horse battery\n" };
      const { code, output, errors } = await runMain([...words, "--data-dir", folder], about);
      expect({ code, output, errors }).toEqual({
        code: 1,
        output: "",
        errors:
          `The data folder ${folder} cannot be used: ${file} is a file, not a folder. Move it ` +
          "away, or choose another with DATA_DIR.\n",
      });
    }
  });
});

test("a folder where a database or a key is to be is called one", async () => {
  for (const name of ["orders.db", "orders.lock"]) {
    using place = temporaryFolder();
    mkdirSync(`${place.path}/${name}`);
    const words = ["start", "--port", "0", "--no-demo", "--data-dir", place.path];
    const { code, errors } = await runMain(words);
    expect(code).toBe(1);
    expect(errors).toStartWith(
      `${place.path}/${name} cannot be used: it is a folder, not a file (EISDIR). Move it away`,
    );
  }
});
