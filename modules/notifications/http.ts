import { t } from "#runtime";
import { type Edge, Elysia } from "#runtime/http";
import { notifications } from "./contract.ts";
import { mailboxPage } from "./http/mailbox-page.ts";

const SHOWN_MAX = 50;
const Filter = t.Object({ to: t.Optional(t.String({ maxLength: 320 })) });

/** The mails, for staff; and in development, where they go nowhere, for everyone. */
export function http(edge: Edge) {
  return new Elysia({ name: "notifications" })
    .use(edge)
    .get(
      "/v1/admin/notifications",
      ({ call, query }) => call(notifications.mailbox, newest(query.to)),
      {
        access: ["staff", "admin"],
        query: Filter,
        response: notifications.mailbox.output,
      },
    )
    .get(
      "/dev/mailbox.json",
      ({ call, query }) => call(notifications.developmentMailbox, newest(query.to)),
      {
        access: "public",
        query: Filter,
        response: notifications.developmentMailbox.output,
      },
    )
    .get(
      "/dev/mailbox",
      async ({ call, query, set }) => {
        const mails = await call(notifications.developmentMailbox, newest(query.to));
        set.headers["content-type"] = "text/html; charset=utf-8";
        set.headers["content-security-policy"] =
          "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'";
        return mailboxPage(mails, query.to ?? "");
      },
      { access: "public", query: Filter },
    );
}

function newest(to: string | undefined) {
  return to === undefined || to === "" ? { limit: SHOWN_MAX } : { to, limit: SHOWN_MAX };
}

/** The type of the notifications' routes, for the client. */
export type NotificationsHttp = ReturnType<typeof http>;
