import type { Figure, Samples } from "./figure.ts";

const HEADS = ["what", "ours", "yardstick", "ratio", "goal", "met"];
const SPLIT_HEADS = ["what", "one process", "split", "split is"];

/** The figures as a table for a terminal. */
export function table(figures: readonly Figure[]): string {
  return [...aligned([HEADS, ...figures.map(row)]), ...figures.flatMap(besideLine)].join("\n");
}

/** What it costs to split: those figures that were taken in both ways. Empty without any. */
export function splitTable(figures: readonly Figure[]): string {
  const rows = figures.flatMap(({ what, unit, ours, oneProcess }) => {
    if (oneProcess === undefined) return [];
    const times = ours.median / oneProcess.median;
    return [[what, spread(oneProcess, unit), spread(ours, unit), `${times.toPrecision(2)}×`]];
  });
  if (rows.length === 0) return "";
  return ["", ...aligned([SPLIT_HEADS, ...rows])].join("\n");
}

function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((one) => (one[column] ?? "").length)),
  );
  const lines = rows.map((one) =>
    one
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  lines.splice(1, 0, widths.map((width) => "─".repeat(width)).join("  "));
  return lines;
}

function row(figure: Figure): string[] {
  const { yardstick, ratio, unit } = figure;
  return [
    figure.what,
    spread(figure.ours, unit),
    yardstick === null ? "" : `${spread(yardstick, unit)} ${yardstick.name}`,
    ratio === null ? "" : `${ratio.toFixed(2)}×`,
    figure.goal,
    figure.met ? "yes" : "NO",
  ];
}

function spread({ median, low, high }: Samples, unit: string): string {
  return `${short(median)} ${unit} (${short(low)}–${short(high)})`;
}

function besideLine({ what, beside }: Figure): string[] {
  const parts = Object.entries(beside).map(([name, value]) => `${name} ${short(value)}`);
  return parts.length === 0 ? [] : [`  ${what}: ${parts.join(", ")}`];
}

function short(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString("en");
  return String(Number(value.toPrecision(3)));
}
