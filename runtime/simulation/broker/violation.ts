/** The broker's word to a connection about what its user may not do, as nats-server says it. */
export class Violation extends Error {
  override readonly name = "PermissionViolationError";
  /** The subject that may not be listened to, with its group; nothing for a publish. */
  readonly listening: { readonly subject: string; readonly queue: string | undefined } | undefined;

  private constructor(message: string, listening?: Violation["listening"]) {
    super(message);
    this.listening = listening;
  }

  static ofPublish(subject: string): Violation {
    return new Violation(`Permissions Violation for Publish to "${subject}"`);
  }

  static ofListening(to: { readonly subject: string; readonly queue: string | undefined }) {
    const { subject, queue } = to;
    const group = queue === undefined ? "" : ` using queue "${queue}"`;
    return new Violation(`Permissions Violation for Subscription to "${subject}"${group}`, to);
  }
}
