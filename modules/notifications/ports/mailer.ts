import { isTransportError, port, type Static, t, type World } from "#runtime";

/** A mail as it goes out. */
export interface OutgoingMail {
  readonly id: string;
  readonly recipient: string;
  readonly subject: string;
  readonly text: string;
}

/** What came of a mail; a reason tells why it was not taken. */
export type Outcome =
  | { readonly kind: "taken" }
  | { readonly kind: "failed" | "not-asked"; readonly reason: string };

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
   * both copies have one Message-ID, by which the recipient's side can tell. A mail server that is
   * away is left alone: then a mail is refused without its being asked.
   */
  send(mail: OutgoingMail): Promise<Outcome>;
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
  world: Pick<World, "publicUrl" | "development" | "guard">,
): Mailer {
  const refused = refusal(given, world);
  if (refused !== undefined) throw new Error(refused);
  const { SMTP_URL, MAIL_FROM } = given;
  const { publicUrl } = world;
  if (SMTP_URL !== undefined) {
    const from = MAIL_FROM ?? `no-reply@${new URL(publicUrl).hostname}`;
    return mailServer({ url: SMTP_URL, from, publicUrl, ask: world.guard(isAway) });
  }
  return { isMailbox: true, publicUrl, send: async () => ({ kind: "taken" }), close: () => {} };
}

function mailServer({
  url,
  from,
  publicUrl,
  ask,
}: {
  url: string;
  from: string;
  publicUrl: string;
  ask: ReturnType<World["guard"]>;
}): Mailer {
  // Loaded with the first mail: a shop without a mail server starts sooner.
  const options = { ...connectionTo(new URL(url)), ...limits };
  let opened: ReturnType<typeof openTransport> | undefined;
  const transport = () => {
    opened ??= openTransport(options);
    return opened;
  };
  const host = from.replace(/^.*@/, "").replace(/>$/, "");
  const handed = new Map<string, Promise<Outcome>>();

  async function offer({ id, recipient, subject, text }: OutgoingMail) {
    return (await transport()).sendMail({
      from,
      to: { name: "", address: recipient },
      subject,
      text,
      messageId: `<${id}@${host}>`,
      headers: { "Auto-Submitted": "auto-generated" },
      disableFileAccess: true,
      disableUrlAccess: true,
    });
  }

  async function handOver(mail: OutgoingMail): Promise<Outcome> {
    try {
      await ask(() => offer(mail));
      return { kind: "taken" };
    } catch (error) {
      handed.delete(mail.id);
      const kind = isTransportError(error) ? "not-asked" : "failed";
      return { kind, reason: reasonOf(error) };
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
  maxRequeues: 0, // What fails is planned anew by its row, and by nobody else.
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

/** Codes of what became of a connection, and not of a mail. */
const connectionLost: ReadonlySet<unknown> = new Set([
  "ECONNECTION",
  "ESOCKET",
  "ETIMEDOUT",
  "EDNS",
  "ETLS",
]);
/** A server's word that it takes no mails just now, from anyone. */
const NOT_AVAILABLE = 421;

/** True when the server did not answer, or said that it is not there. */
function isAway(error: unknown): boolean {
  if (typeof error !== "object" || error === null) return false;
  if ("responseCode" in error && error.responseCode !== undefined) {
    return error.responseCode === NOT_AVAILABLE;
  }
  return "code" in error && connectionLost.has(error.code);
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
