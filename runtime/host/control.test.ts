import { expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { errands } from "../testing/sample/errands.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { supervised } from "./child-protocol.ts";
import { askRunning, askStatus, assertNothingRuns, openControl } from "./control.ts";
import { dataFolder } from "./data-folder.ts";
import { StartError } from "./start-error.ts";

const controlled = {
  offered: [errands],
  call: (async () => ({ runs: 7 })) as never,
  status: () => ({ natsUrl: null, reports: [] }),
};
const asked = { module: "errands", procedure: "run", input: { name: "a" } };
const links = () => readdirSync(tmpdir()).filter((name) => /^cleave-[^-]{6}$/.test(name));

test.each([30, 87, 88, 100, 101, 107, 150, 390])(
  "the socket of a data folder with a path of %d bytes is reached",
  async (bytes) => {
    using place = temporaryFolder();
    const long = `${place.path}/${"d/".repeat(200)}`;
    const folder = long.slice(0, bytes).replace(/.$/, "d");
    mkdirSync(folder, { recursive: true });
    const before = links();
    expect(await askRunning(folder, asked)).toBeUndefined();
    const control = openControl(folder, controlled);
    expect(existsSync(`${folder}/control.sock`)).toBe(true);
    expect(await askRunning(folder, asked)).toEqual({ output: { runs: 7 } });
    expect(await askStatus(folder)).toEqual({ natsUrl: null, reports: [], pid: process.pid });
    await control.close();
    expect(readdirSync(folder)).toEqual([]);
    expect(await askStatus(folder)).toBeUndefined();
    expect(links()).toEqual(before);
  },
);

test("a socket that is left of a killed process is nobody's, and is replaced", async () => {
  using place = temporaryFolder();
  const folder = `${place.path}/${"d".repeat(150)}`;
  mkdirSync(folder);
  writeFileSync(`${folder}/control.sock`, "");
  expect(await askStatus(folder)).toBeUndefined();
  const control = openControl(folder, controlled);
  expect(await askStatus(folder)).toEqual({ natsUrl: null, reports: [], pid: process.pid });
  await control.close();
});

test("who else starts over the folder is told to stop the supervisor, not its child", async () => {
  using place = temporaryFolder();
  const control = openControl(place.path, controlled);
  const owner = (pid: number) => `is owned by process ${pid}. Stop that process`;
  await expect(assertNothingRuns(place.path)).rejects.toThrow(owner(process.pid));
  Object.assign(process.env, supervised);
  try {
    await expect(assertNothingRuns(place.path)).rejects.toThrow(owner(process.ppid));
  } finally {
    for (const name of Object.keys(supervised)) delete process.env[name];
    await control.close();
  }
});

test("a socket that cannot be opened refuses the start, by its name", () => {
  using place = temporaryFolder();
  mkdirSync(`${place.path}/control.sock/full`, { recursive: true });
  const open = () => openControl(place.path, controlled);
  expect(open).toThrow(StartError);
  expect(open).toThrow(`The control socket ${place.path}/control.sock cannot be opened: `);
  rmSync(place.path, { recursive: true });
  expect(open).toThrow(StartError);
});

test("a path that is too long for SQLite is refused by its length", () => {
  const create = () => dataFolder(`/${"long/".repeat(100)}`).create();
  expect(create).toThrow("has 500 bytes, at most 400: SQLite opens no longer ones.");
  expect(create).toThrow(StartError);
});

test("a start that is refused takes back what it made, and never fails at that", () => {
  using place = temporaryFolder();
  const path = `${place.path}/a/b`;
  const undo = dataFolder(path).create();
  undo();
  expect(readdirSync(place.path)).toEqual([]);
  const undoAgain = dataFolder(path).create();
  rmSync(`${place.path}/a`, { recursive: true });
  expect(undoAgain).not.toThrow();
});
