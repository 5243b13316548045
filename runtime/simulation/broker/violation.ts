/** The broker's word to a connection about what its user may not do, as nats-server says it. */
export class Violation extends Error {
  override readonly name = "PermissionViolationError";
  /** The subject that may not be listened to, with its group; nothing for a publish. */
  readonly listening: { readonly subject: string; readonly queue: string | undefined } | undefined;
  /** The subject that may not be published to; nothing for a subscription. */
  readonly publishing: string | undefined;

  private constructor(message: string, about: Pick<Violation, "listening" | "publishing">) {
    super(message);
    this.listening = about.listening;
    this.publishing = about.publishing;
  }

  static ofPublish(subject: string): Violation {
    const message = `Permissions Violation for Publish to "${subject}"`;
    return new Violation(message, { publishing: subject, listening: undefined });
  }

  static ofListening(to: { readonly subject: string; readonly queue: string | undefined }) {
    const { subject, queue } = to;
    const group = queue === undefined ? "" : ` using queue "${queue}"`;
    const message = `Permissions Violation for Subscription to "${subject}"${group}`;
    return new Violation(message, { publishing: undefined, listening: to });
  }
}
