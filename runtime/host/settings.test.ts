import { describe, expect, test } from "bun:test";
import { t } from "../contract/schema.ts";
import {
  hostSettings,
  natsUrlSchema,
  peekSettings,
  placementSettings,
  readSettings,
} from "./settings.ts";

const mail = t.Object({
  SMTP_URL: t.Optional(t.String({ pattern: "^smtps?://" })),
  MAIL_SECRET: t.Optional(t.String({ minLength: 16 })),
});
const schemas = { host: hostSettings, mail };

function read(environment: Record<string, string>, ...args: string[]) {
  return readSettings(schemas, { environment, arguments: args });
}

function mistakes(environment: Record<string, string>, ...args: string[]) {
  const settings = read(environment, ...args);
  return "mistakes" in settings ? settings.mistakes : [];
}

describe("settings", () => {
  test("are the defaults where nothing is given", () => {
    expect(read({ UNRELATED: "x", PORT: "" })).toEqual({
      values: {
        host: {
          TOPOLOGY: "monolith",
          PORT: 3000,
          HOST: "127.0.0.1",
          DATA_DIR: "./data",
          LOG_LEVEL: "info",
          DRAIN_MS: 0,
        },
        mail: {},
      },
    });
  });

  test("come from flags before the environment, numbers and switches in their own types", () => {
    const settings = read(
      { PORT: "4000", DATA_DIR: "/srv/shop", DEMO: "yes", SMTP_URL: "smtp://localhost" },
      "--port=4001",
      "--no-demo",
      "--log-level",
      "debug",
    );
    expect(settings).toMatchObject({
      values: {
        host: { PORT: 4001, DATA_DIR: "/srv/shop", DEMO: false, LOG_LEVEL: "debug" },
        mail: { SMTP_URL: "smtp://localhost" },
      },
    });
  });

  test("say every mistake at once, with the setting, its source and what was expected", () => {
    expect(
      mistakes(
        { PORT: "abc", LOG_LEVEL: "loud", DEMO: "perhaps", PUBLIC_URL: "shop.example" },
        "--host",
        "--prot",
        "4000",
        "--data-dir=",
        "start",
      ),
    ).toMatchSnapshot();
  });

  test("may have another flag of their own, beside the one of their name", () => {
    for (const flag of ["--nats", "--nats-url"]) {
      expect(read({}, flag, "nats://127.0.0.1:4222")).toMatchObject({
        values: { host: { NATS_URL: "nats://127.0.0.1:4222" } },
      });
    }
    expect(mistakes({}, "--nats", "nats://me:hunter2@127.0.0.1")).toEqual([
      "NATS_URL is a hidden value (--nats): expected an address such as nats://127.0.0.1:4222, " +
        "or several with commas between.",
    ]);
  });

  test("are named by the flag that is their own, where one is missing or misspelt", () => {
    const needed = { command: t.Object({ NATS_URL: natsUrlSchema }) };
    const sources = (...words: string[]) => ({ environment: {}, arguments: words });
    expect(readSettings(needed, sources())).toEqual({
      mistakes: ["NATS_URL is missing: set it in the environment or with --nats."],
    });
    expect(readSettings(needed, sources("--nat=x"))).toMatchObject({
      mistakes: [
        "--nat is not a known flag. The nearest is --nats.",
        "NATS_URL is missing: set it in the environment or with --nats.",
      ],
    });
  });

  test("of the placement can be seen among flags that nobody knows yet", () => {
    const sources = {
      environment: { INSTANCE: "core", NATS_URL: "" },
      arguments: ["--smtp-url", "smtp://x", "--topology=split", "--no-demo", "stray"],
    };
    expect([...peekSettings(placementSettings, sources)]).toEqual([
      ["TOPOLOGY", { text: "split", from: "--topology" }],
      ["INSTANCE", { text: "core", from: "environment" }],
    ]);
  });

  test("refuse numbers out of range, in other notations, and flags given twice", () => {
    for (const port of ["-1", "65536", "3e3", "0x10", "3.5", " 3000", "99999999999999999999"]) {
      expect(mistakes({ PORT: port })).toEqual([
        `PORT is "${port}" (environment): expected a whole number from 0 to 65535.`,
      ]);
    }
    expect(mistakes({}, "--port", "1", "--port", "2")).toEqual([
      "--port is given twice. Give it once.",
    ]);
  });

  test("know only the kinds of NODE_ENV that mean something", () => {
    for (const kind of ["production", "development", "test"]) {
      expect(read({ NODE_ENV: kind })).toMatchObject({ values: { host: { NODE_ENV: kind } } });
    }
    for (const kind of ["prod", "Production", "production ", "staging"]) {
      expect(mistakes({ NODE_ENV: kind })).toEqual([
        `NODE_ENV is "${kind}" (environment): expected one of production, development, test.`,
      ]);
    }
  });

  test("never repeat a secret", () => {
    const said = mistakes({ MAIL_SECRET: "hunter2", SMTP_URL: "http://me:hunter2@mail" });
    expect(said).toHaveLength(2);
    expect(said.join()).not.toContain("hunter2");
  });

  test("that are required and absent are named with both ways to set them", () => {
    const required = { port: t.Object({ API_ADDRESS: t.String() }) };
    expect(readSettings(required, { environment: {}, arguments: [] })).toEqual({
      mistakes: ["API_ADDRESS is missing: set it in the environment or with --api-address."],
    });
  });

  test("have the types of their schemas", () => {
    const settings = read({});
    if ("mistakes" in settings) throw new Error(settings.mistakes.join());
    const port: number = settings.values.host.PORT;
    const url: string | undefined = settings.values.mail.SMTP_URL;
    // @ts-expect-error: a port is a number.
    const wrong: string = settings.values.host.PORT;
    expect([port, url, wrong]).toEqual([3000, undefined, 3000 as never]);
  });
});
