import { describe, expect, test } from "bun:test";
import { virtualEnvironment } from "../testing/virtual-environment.ts";
import { startChild } from "./child.ts";
import { eachLines, withInstance } from "./merged-log.ts";

const origin = { instance: "core", level: "warn", now: () => 0 } as const;

/** A stream of these chunks. */
function streamOf(...chunks: (string | Uint8Array)[]): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream({
    start(controller) {
      for (const chunk of chunks) {
        controller.enqueue(typeof chunk === "string" ? encoder.encode(chunk) : chunk);
      }
      controller.close();
    },
  });
}

async function linesOf(...chunks: (string | Uint8Array)[]): Promise<string[]> {
  const taken: string[] = [];
  await eachLines(streamOf(...chunks), async (lines) => void taken.push(...lines));
  return taken;
}

describe("lines of a stream", () => {
  test("are whole however the stream is cut, also within a character", async () => {
    const bytes = new TextEncoder().encode("grün\nblau\n");
    for (let cut = 0; cut <= bytes.length; cut++) {
      expect(await linesOf(bytes.slice(0, cut), bytes.slice(cut))).toEqual(["grün", "blau"]);
    }
  });

  test("end with what the stream ends with", async () => {
    expect(await linesOf("a\nb", "c")).toEqual(["a", "bc"]);
    expect(await linesOf("a\n")).toEqual(["a"]);
    expect(await linesOf()).toEqual([]);
  });

  test("are passed on in pieces when they grow too long to be kept", async () => {
    const chunk = "x".repeat(100_000);
    const lines = await linesOf(chunk, chunk, chunk, chunk, "end\nnext");
    expect(lines.map((line) => line.length)).toEqual([300_000, 100_003, 4]);
    expect(lines.at(-1)).toBe("next");
  });
});

describe("a line of an instance", () => {
  test("of JSON gets the instance's name, and stays JSON", () => {
    const line = '{"time":"t","level":"info","message":"a \\"b\\"}"}';
    expect(JSON.parse(withInstance(line, origin))).toEqual({
      time: "t",
      level: "info",
      message: 'a "b"}',
      instance: "core",
    });
  });

  test.each(["TypeError: no", "{}", '{"cut off', "  at file.ts:3"])(
    "of text, %p, becomes JSON",
    (text) => {
      const line = withInstance(text, origin);
      expect(line).toEndWith("\n");
      expect(JSON.parse(line)).toEqual({
        time: "1970-01-01T00:00:00.000Z",
        level: "warn",
        message: text,
        instance: "core",
      });
    },
  );

  test("is left out when there is nothing on it", () => {
    expect(["", "  "].map((line) => withInstance(line, origin))).toEqual(["", ""]);
  });
});

describe("a child", () => {
  const environment = virtualEnvironment();
  const child = (script: string, sink: (lines: string) => Promise<void>) =>
    startChild({
      instance: "core",
      command: [process.execPath, "-e", script],
      variables: process.env,
      sink,
      environment,
    });

  test("is logged to its last word when it ends, whole lines at a time", async () => {
    const script = `
      const line = JSON.stringify({ message: "m".repeat(5000) });
      for (let n = 0; n < 200; n++) process.stderr.write(line + "\\n");
      process.stderr.write("the last word");
      console.log("said aloud");
    `;
    const pieces: string[] = [];
    expect(await child(script, async (lines) => void pieces.push(lines)).ended).toBe(
      "ended with code 0",
    );
    for (const piece of pieces) expect(piece).toEndWith("}\n");
    const lines = pieces
      .join("")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines).toHaveLength(202);
    expect(lines.every((line) => line.instance === "core")).toBe(true);
    expect(lines.map((line) => line.message)).toContain("the last word");
    expect(lines.find((line) => line.message === "said aloud")).toMatchObject({ level: "info" });
  });

  test("is not read on before what it wrote was taken, so that nothing piles up", async () => {
    const script = `
      const { writeSync } = require("node:fs");
      const line = Buffer.from(JSON.stringify({ message: "m".repeat(65000) }) + "\\n");
      for (let n = 0; n < 100; n++) for (let at = 0; at < line.length; ) {
        try { at += writeSync(2, line, at); } catch (error) { 
          if (error.code !== "EAGAIN") throw error; }
      }
    `;
    let length = 0;
    let inside = 0;
    let overlaps = 0;
    const run = child(script, async (lines) => {
      if (++inside > 1) overlaps++;
      length += lines.length;
      await new Promise((resolve) => setImmediate(resolve));
      inside--;
    });
    expect(await run.ended).toBe("ended with code 0");
    expect(overlaps).toBe(0);
    expect(length).toBeGreaterThan(100 * 65_000);
  });
});
