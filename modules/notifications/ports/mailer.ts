import { port, type Static, t, type World } from "#runtime";

/** A mail as it goes out. */
export interface OutgoingMail {
  readonly id: string;
  readonly recipient: string;
  readonly subject: string;
  readonly text: string;
}

/** What carries mails to their recipients. */
export interface Mailer {
  /**
   * True where mails go nowhere and everyone may read them: in development, without a mail server.
   */
  readonly isMailbox: boolean;
  readonly publicUrl: string;
  /**
   * Hands a mail over, or tells why that failed; it never throws. A mail that is being handed over,
   * or was not long ago, is not handed over again by this process. After a crash it may be; then
   * both copies have one Message-ID, by which the recipient's side can tell.
   */
  send(mail: OutgoingMail): Promise<{ readonly reason: string | null }>;
  close(): void | Promise<void>;
}

/** The mails handed over that are remembered. */
const REMEMBERED_MAX = 1_000;

const settings = t.Object({
  /** Or smtps:// for TLS from the start. */
  SMTP_URL: t.Optional(
    t.String({
      pattern: "^smtps?://[^/]+/?$",
      description: "a mail server, as in smtp://user:password@mail.example.com:587",
    }),
  ),
  MAIL_FROM: t.Optional(
    t.String({
      pattern: "^[^@\\r\\n]+@[^@\\s]+$",
      description: "the sender of mails, as in The shop <shop@example.com>",
    }),
  ),
});

/** The mail server at SMTP_URL; in development, without that setting, the rows are the mailbox. */
export const mailer = port("notifications.mailer", {
  settings,
  refuse: refusal,
  open: openMailer,
  close: (opened) => opened.close(),
});

/** Refuses to do without a mail server where customers wait for their mails. */
function refusal(
  { SMTP_URL }: Static<typeof settings>,
  { development }: Pick<World, "development">,
): string | undefined {
  const example = "smtp://user:password@mail.example.com:587";
  if (SMTP_URL !== undefined) {
    if (URL.canParse(SMTP_URL)) return undefined;
    return (
      `SMTP_URL is a hidden value that is no address. ` +
      `Set it to the mail server, as in ${example}.`
    );
  }
  if (development) return undefined;
  return (
    `SMTP_URL is missing, so no customer would get a mail. Set it to the mail server, as in ` +
    `${example}. Only development does without.`
  );
}

function openMailer(
  given: Static<typeof settings>,
  world: Pick<World, "publicUrl" | "development">,
): Mailer {
  const refused = refusal(given, world);
  if (refused !== undefined) throw new Error(refused);
  const { SMTP_URL, MAIL_FROM } = given;
  const { publicUrl } = world;
  if (SMTP_URL !== undefined) {
    const from = MAIL_FROM ?? `no-reply@${new URL(publicUrl).hostname}`;
    return mailServer({ url: SMTP_URL, from, publicUrl });
  }
  return { isMailbox: true, publicUrl, send: async () => ({ reason: null }), close: () => {} };
}

function mailServer({
  url,
  from,
  publicUrl,
}: {
  url: string;
  from: string;
  publicUrl: string;
}): Mailer {
  // Loaded with the first mail: a shop without a mail server starts sooner.
  const options = { ...connectionTo(new URL(url)), ...limits };
  let opened: ReturnType<typeof openTransport> | undefined;
  const transport = () => {
    opened ??= openTransport(options);
    return opened;
  };
  const host = from.replace(/^.*@/, "").replace(/>$/, "");
  const handed = new Map<string, Promise<{ reason: string | null }>>();

  async function handOver({ id, recipient, subject, text }: OutgoingMail) {
    try {
      await (await transport()).sendMail({
        from,
        to: { name: "", address: recipient },
        subject,
        text,
        messageId: `<${id}@${host}>`,
        headers: { "Auto-Submitted": "auto-generated" },
        disableFileAccess: true,
        disableUrlAccess: true,
      });
      return { reason: null };
    } catch (error) {
      handed.delete(id);
      return { reason: reasonOf(error) };
    }
  }

  return {
    isMailbox: false,
    publicUrl,
    send(mail: OutgoingMail) {
      const known = handed.get(mail.id);
      if (known !== undefined) return known;
      for (const oldest of handed.keys()) {
        if (handed.size < REMEMBERED_MAX) break;
        handed.delete(oldest);
      }
      const outcome = handOver(mail);
      handed.set(mail.id, outcome);
      return outcome;
    },
    close: async () => (await opened)?.close(),
  };
}

async function openTransport(options: ReturnType<typeof connectionTo> & typeof limits) {
  const { createTransport } = await import("nodemailer");
  return createTransport(options);
}

const limits = {
  pool: true,
  maxConnections: 4,
  maxMessages: 100,
  dnsTimeout: 5_000,
  connectionTimeout: 5_000,
  greetingTimeout: 5_000,
  socketTimeout: 15_000,
} as const;

/**
 * Credentials never cross a network in the clear; on this machine itself there is no TLS to ask
 * for.
 */
function connectionTo(url: URL) {
  const secure = url.protocol === "smtps:";
  const isLocal = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname);
  const user = decodeURIComponent(url.username);
  const pass = decodeURIComponent(url.password);
  return {
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port === "" ? (secure ? 465 : 587) : Number(url.port),
    secure,
    ignoreTLS: !secure && isLocal,
    requireTLS: !secure && !isLocal && user !== "",
    ...(user === "" ? {} : { auth: { user, pass } }),
  };
}

/**
 * What may be logged of a failure: its codes. The server's words may repeat the recipient's
 * address.
 */
function reasonOf(error: unknown): string {
  const known = typeof error === "object" && error !== null ? error : {};
  const code = "code" in known ? String(known.code) : "unknown";
  return "responseCode" in known ? `${code} ${String(known.responseCode)}` : code;
}
