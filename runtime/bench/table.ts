import type { Figure, Samples } from "./figure.ts";

const HEADS = ["what", "ours", "yardstick", "ratio", "goal", "met"];

/** The figures as a table for a terminal. */
export function table(figures: readonly Figure[]): string {
  const rows = [HEADS, ...figures.map(row)];
  const widths = HEADS.map((_, column) =>
    Math.max(...rows.map((one) => (one[column] ?? "").length)),
  );
  const lines = rows.map((one) =>
    one
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  lines.splice(1, 0, widths.map((width) => "─".repeat(width)).join("  "));
  return [...lines, ...figures.flatMap(besideLine)].join("\n");
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
