/**
 * A script of package.json as whoever started this process can type it. With npm alone there is no
 * `bun` on the PATH: npx brings it along, for one command.
 */
export function typedCommand(
  script: string,
  { npm_config_user_agent: agent = "" }: Readonly<Record<string, string | undefined>> = process.env,
): string {
  return agent.startsWith("npm/") ? `npx --yes bun@${Bun.version} ${script}` : `bun ${script}`;
}
