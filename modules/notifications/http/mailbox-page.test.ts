import { expect, test } from "bun:test";
import { mailboxPage } from "./mailbox-page.ts";

const mail = {
  notificationId: "ntf_1",
  template: "welcome",
  to: '"><script>alert(1)</script>@x',
  subject: "<img src=x onerror='alert(1)'>",
  text: "</pre><h1>&amp;",
  state: "sent",
  attempts: 1,
  createdAtMs: 1_767_225_600_000,
} as const;

test("nothing that a mail says becomes a part of the page", () => {
  const page = mailboxPage([mail], '"><b>');
  for (const danger of ["<script", "<img", "</pre><h1>", "onerror='", '"><b>']) {
    expect(page).not.toContain(danger);
  }
  expect(page).toContain("&#60;/pre&#62;&#60;h1&#62;&#38;amp;");
  expect(page).toContain("2026-01-01T00:00:00.000Z");
});

test("an empty mailbox says so", () => {
  expect(mailboxPage([], "")).toContain("No mail here yet.");
});
