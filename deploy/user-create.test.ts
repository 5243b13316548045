import { expect, test } from "bun:test";
import { existsSync, mkdirSync } from "node:fs";
import { temporaryFolder } from "../runtime/testing/temporary-folder.ts";

const main = new URL("main.ts", import.meta.url).pathname;

/** Runs `user create` in a terminal of its own, where somebody presses keys when asked to. */
async function typed(folder: string, keys: string) {
  const about = ["--email", "root@example.com", "--role", "admin", "--data-dir", folder];
  const decoder = new TextDecoder();
  let shown = "";
  let isAsked = false;
  const child = Bun.spawn([process.execPath, main, "user", "create", ...about], {
    env: { ...process.env, LOG_LEVEL: "warn", NO_COLOR: "1" },
    terminal: {
      data(terminal, bytes) {
        shown += decoder.decode(bytes, { stream: true });
        if (isAsked || !shown.includes("Password: ")) return;
        isAsked = true;
        terminal.write(keys);
      },
    },
  });
  const code = await child.exited;
  child.terminal?.close();
  return { code, signal: child.signalCode, shown: shown.replaceAll("\r\n", "\n") };
}

test("a password that is typed is not shown, and keys of correction work", async () => {
  using place = temporaryFolder();
  const folder = `${place.path}/data`;
  const tooShort = await typed(folder, "seven\x7f\x7f\x7f\x7f\x7fsix666\r");
  expect(tooShort).toMatchObject({
    code: 1,
    shown: "Password: \nThe password has 6 characters: use 8 to 128.\n",
  });
  expect(await typed(folder, "x\r")).toMatchObject({
    shown: "Password: \nThe password has 1 character: use 8 to 128.\n",
  });
  expect(existsSync(folder)).toBe(false);
  mkdirSync(folder);
  expect(await typed(folder, "a long first passwort\x7fd\r")).toEqual({
    code: 0,
    signal: null,
    shown: "Password: \nroot@example.com is now an admin.\n",
  });
}, 30_000);

test("Ctrl-C and Ctrl-D at the password end the command, and nothing is made", async () => {
  using place = temporaryFolder();
  const folder = `${place.path}/data`;
  expect(await typed(folder, "a long first pass\x03")).toEqual({
    code: 130,
    signal: "SIGINT",
    shown: "Password: \n",
  });
  expect(await typed(folder, "\x04")).toMatchObject({
    code: 1,
    shown: "Password: \nThere was no password on standard input. Write it as one line.\n",
  });
  expect(existsSync(folder)).toBe(false);
});
