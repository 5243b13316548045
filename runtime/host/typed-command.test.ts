import { expect, test } from "bun:test";
import { packageManager } from "../../package.json";
import { typedCommand } from "./typed-command.ts";

test("who has npm alone is told what npx runs, as in the README", () => {
  const npm = { npm_config_user_agent: "npm/11.19.1 node/v20.20.2 linux x64" };
  expect(typedCommand("run cleave status", npm)).toBe(
    `npx --yes ${packageManager} run cleave status`,
  );
  const bun = { npm_config_user_agent: "bun/1.4.5 npm/? node/v26.3.0 linux x64" };
  expect(typedCommand("start", bun)).toBe("bun start");
  expect(typedCommand("start", {})).toBe("bun start");
});
