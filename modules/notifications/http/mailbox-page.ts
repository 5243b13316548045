import type { OutputOf } from "#runtime";
import type { notifications } from "../contract.ts";

type Mail = OutputOf<typeof notifications.developmentMailbox>[number];

/** The development mailbox as a page. Everything on it that comes from outside is escaped. */
export function mailboxPage(mails: readonly Mail[], to: string): string {
  const found = mails.length === 0 ? "<p>No mail here yet.</p>" : mails.map(article).join("\n");
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Mailbox</title>
<style>
  body { font: 1rem/1.5 system-ui, sans-serif; max-width: 46rem; margin: auto; padding: 1rem }
  article { border: 1px solid #bbb; border-radius: .5rem; margin: 1rem 0; padding: 0 1rem }
  h2 { font-size: 1.1rem; margin: .8rem 0 0 }
  small { color: #555 }
  pre { white-space: pre-wrap; overflow-wrap: anywhere }
</style>
<h1>Mailbox</h1>
<form>
<label>To <input name="to" type="search" value="${escaped(to)}"></label> <button>Show</button>
</form>
${found}
</html>
`;
}

function article({ to, subject, text, state, template, createdAtMs }: Mail): string {
  const at = new Date(createdAtMs).toISOString();
  return `<article>
<h2>${escaped(subject)}</h2>
<small>to ${escaped(to)} · <time>${at}</time> · ${escaped(template)} · ${state}</small>
<pre>${escaped(text)}</pre>
</article>`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
