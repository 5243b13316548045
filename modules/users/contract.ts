import { command, contract, emailAddress, event, line, query, t } from "#runtime";

const Id = t.String({ minLength: 1, maxLength: 80 });
/** As it is kept: without space around it, in lower case, which for some letters is longer. */
const Email = emailAddress({ minLength: 3, maxLength: 1_000 });
/** As people type it. */
const TypedEmail = t.String({
  description: "an e-mail address",
  maxLength: 320,
  pattern: emailAddress().pattern?.replace("^", "^\\s*").replace("$", "\\s*$") ?? "",
});
const Password = t.String({ minLength: 8, maxLength: 128 });
const Role = t.Union([t.Literal("customer"), t.Literal("staff"), t.Literal("admin")]);
const User = t.Object({ userId: Id, email: Email, name: t.String(), role: Role });
const Tokens = t.Object({
  /** A signed JWT. */
  accessToken: t.String(),
  /** Opaque, single use. */
  refreshToken: t.String(),
  /** Seconds that the access token is good for. */
  expiresIn: t.Integer(),
  user: User,
});

/** Wait and try again: too many failures for this address, or too many passwords being checked. */
const TooMany = t.Object({ retryAfterSeconds: t.Integer() });

/** What users promises: who somebody is, proven by a password or by a token. */
export const users = contract("users", {
  /**
   * Creates a customer's account. It answers the same, and does nothing, when the address has one:
   * the answer does not tell which.
   */
  registerUser: command({
    input: t.Object({ email: TypedEmail, password: Password, name: line({ maxLength: 120 }) }),
    output: t.Object({ accepted: t.Literal(true) }),
    errors: { PASSWORD_TOO_COMMON: t.Object({}), TOO_MANY_ATTEMPTS: TooMany },
  }),

  /**
   * Creates an account with a role, and welcomes nobody. For the command line and for
   * administrators; repeating it is refused.
   */
  createUser: command({
    input: t.Object({
      email: TypedEmail,
      password: Password,
      name: line({ maxLength: 120 }),
      role: Role,
    }),
    output: User,
    errors: {
      EMAIL_TAKEN: t.Object({ email: Email }),
      PASSWORD_TOO_COMMON: t.Object({}),
      TOO_MANY_ATTEMPTS: TooMany,
    },
  }),

  /**
   * Opens a session. Every call that succeeds opens another. Throttled by address after failures:
   * a wrong password counts once, however often it is sent again with its key.
   */
  logIn: command({
    input: t.Object({ email: TypedEmail, password: t.String({ maxLength: 128 }) }),
    output: Tokens,
    errors: {
      INVALID_CREDENTIALS: t.Object({}),
      TOO_MANY_ATTEMPTS: TooMany,
    },
  }),

  /**
   * Gives new tokens for a refresh token, which is used up by it. The token just used gives the
   * same new ones for ten seconds more (an answer may get lost); any other use of a used token ends
   * the session.
   */
  refreshSession: command({
    input: t.Object({ refreshToken: t.String({ minLength: 1, maxLength: 200 }) }),
    output: Tokens,
    errors: { INVALID_TOKEN: t.Object({}) },
  }),

  /** Ends the session of a refresh token. Repeating it changes nothing. */
  logOut: command({
    input: t.Object({ refreshToken: t.String({ minLength: 1, maxLength: 200 }) }),
    output: t.Object({ ended: t.Literal(true) }),
  }),

  /** One user, for themselves and for staff. */
  userById: query({
    input: t.Object({ userId: Id }),
    output: User,
    errors: { USER_NOT_FOUND: t.Object({ userId: Id }) },
  }),

  /** The public keys (JWK, Ed25519) that verify access tokens, newest first. */
  tokenKeys: query({
    input: t.Object({}),
    output: t.Object({
      issuer: t.String(),
      keys: t.Array(
        t.Object({
          kid: t.String(),
          kty: t.String(),
          crv: t.String(),
          x: t.String(),
        }),
        { maxItems: 20 },
      ),
    }),
  }),

  userRegistered: event(1, t.Object({ userId: Id, email: Email, name: t.String() })),
  /** A used refresh token came again; the session is ended. */
  sessionRevoked: event(1, t.Object({ userId: Id, sessionId: Id, reason: t.String() })),
});
