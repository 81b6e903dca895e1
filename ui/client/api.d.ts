// Generated from headless/openapi.json by go test ./ui -run Types -update.
/** Apps only, if the server issues tokens: a JSON Web Token for the `Authorization` header. */
export type AccessToken = string;
export type ActivityEvent = {
  /** Who did it. Absent if unknown, such as after a wrong password. */
  actor?: 'user' | 'administrator';
  at: Timestamp;
  /** What it was about. */
  details: {
    /** The error of a failed login through a provider. */
    code?: string;
    email?: string;
    from?: string;
    number?: string;
    phone?: string;
    provider?: string;
    /** Of a code. */
    purpose?: string;
    to?: string;
    /** Of a second factor. */
    type?: string;
  };
  id: string;
  /** Absent if unknown, or if an administrator did it. */
  ip?: string;
  is_current_session: boolean;
  /** The name of the event, like `account.user_logged_in`. New ones may be added. */
  type: string;
  /** Absent like `ip`. */
  user_agent?: string;
};
export type AuthenticatedAnswer = {
  data: {
    methods: Array<Method>;
    user: User;
  };
  meta: {
    access_token?: AccessToken;
    impersonation?: Impersonation;
    is_authenticated: true;
    refresh_token?: RefreshToken;
    /** Apps only: the token to send from now on. */
    session_token?: string;
  };
  status: 200;
};
/** A code of an authenticator app, or a recovery code. */
export type AuthenticatorCode = string;
/** Unique among the authenticators of the user. */
export type AuthenticatorID = number;
export type AuthenticatorType = 'recovery_codes' | 'totp' | 'webauthn';
/** A code that was mailed or texted. */
export type Code = string;
/** The response of a key, as written by `PublicKeyCredential.toJSON()`. */
export type Credential = {
  [member: string]: unknown;
};
export type Email = string;
export type EmailAddress = {
  email: Email;
  primary: boolean;
  verified: boolean;
};
export type Flow = {
  id: 'login' | 'login_by_code' | 'signup' | 'verify_email' | 'verify_phone' | 'password_reset_by_code' | 'provider_redirect' | 'provider_token' | 'provider_signup' | 'provider_reauthenticate' | 'mfa_login_webauthn' | 'mfa_authenticate' | 'mfa_trust' | 'mfa_signup_webauthn' | 'mfa_enroll' | 'reauthenticate' | 'mfa_reauthenticate';
  /** True for the pending step. */
  is_pending?: boolean;
  /** Of `provider_signup`: the provider of the new user. */
  provider?: Provider;
  /** Of a provider flow: the available providers. */
  providers?: Array<ProviderID>;
  /** Of a second factor: the user's types of authenticators. Of `mfa_enroll`: the types that can be added. */
  types?: Array<AuthenticatorType>;
};
/** Another user acts as the user of the session, because the host let them. Only this session can be read and ended; ending it continues the session of the actor. */
export type Impersonation = {
  actor: {
    display?: string;
    id: number | string;
  };
  ends_at: Timestamp;
};
export type Key = {
  /** The model of the authenticator. Absent if unknown. */
  aaguid?: string;
  /** The name of the password manager or platform. Absent if unknown. */
  aaguid_name?: string;
  /** Whether the key was backed up at its last use. Absent if unknown. */
  backed_up?: boolean;
  created_at: Timestamp;
  /** Only if the server sends signals, like the members below. In base64url. */
  credential_id?: string;
  id: AuthenticatorID;
  /** Whether the key is a passkey, which logs in on its own. Absent if unknown. */
  is_passwordless?: boolean;
  last_used_at: LastUsed;
  name: string;
  /** The `rpId` of signals. */
  rp_id?: string;
  type: 'webauthn';
  /** The `userId` of signals, in base64url. */
  user_handle?: string;
};
export type KeyOptions = {
  /** For `navigator.credentials.create`. Only if it was requested. */
  mediation?: 'conditional';
  /** For `PublicKeyCredential.parseRequestOptionsFromJSON` or `parseCreationOptionsFromJSON`. */
  publicKey: {
    [member: string]: unknown;
  };
};
/** As `Timestamp`, or null if it was never used. */
export type LastUsed = number | null;
/** How the user authenticated, and when. */
export type Method = {
  at: Timestamp;
  email?: Email;
  method: 'password';
  phone?: Phone;
  reauthenticated?: true;
  username?: Username;
} | {
  at: Timestamp;
  email: Email;
  method: 'password_reset';
} | {
  at: Timestamp;
  email: Email;
  method: 'code';
  reauthenticated?: true;
} | {
  at: Timestamp;
  method: 'code';
  phone: Phone;
  reauthenticated?: true;
} | {
  at: Timestamp;
  method: 'socialaccount';
  provider: ProviderID;
  reauthenticated?: boolean;
  uid: string;
} | {
  at: Timestamp;
  id?: AuthenticatorID;
  method: 'mfa';
  passwordless?: true;
  reauthenticated?: boolean;
  type: AuthenticatorType;
} | {
  at: Timestamp;
  method: 'mfa';
  reauthenticated?: true;
  type: 'host';
} | {
  at: Timestamp;
  email?: Email;
  method: 'host';
  phone?: Phone;
  reauthenticated?: true;
  username?: Username;
};
/** Used unchanged, including blanks. */
export type Password = string;
/** A phone number with its country code. */
export type Phone = string;
export type PhoneNumber = {
  phone: Phone;
  verified: boolean;
};
export type Problem = {
  /** For programs: one of the operation's `x-error-codes`. */
  code: string;
  /** For users. It may change. */
  message: string;
  /** The input that the error is about; absent if it is about none in particular. */
  param?: string;
};
/** `login` logs in or signs up; `connect` adds the provider's account to that of the user. */
export type Process = 'login' | 'connect';
export type Provider = {
  client_id?: string;
  flows: Array<'provider_redirect' | 'provider_token'>;
  id: ProviderID;
  name: string;
  openid_configuration_url?: string;
};
export type ProviderAccount = {
  display: string;
  provider: Provider;
  /** The provider's id of the user. */
  uid: string;
};
export type ProviderID = string;
export type ProviderRedirect = {
  /** Where the browser is redirected at the end: a path, or a URL of a front end that the server trusts. */
  callback_url: string;
  /** The CSRF token, as a form cannot send a header. */
  csrfmiddlewaretoken?: string;
  process: Process;
  provider: ProviderID;
};
export type ReauthenticationAnswer = {
  data: {
    flows: Array<Flow>;
    methods: Array<Method>;
    user: User;
  };
  meta: {
    access_token?: AccessToken;
    is_authenticated: true;
    refresh_token?: RefreshToken;
    /** Apps only: the token to send from now on. */
    session_token?: string;
  };
  status: 401;
};
export type RecoveryCodes = {
  created_at: Timestamp;
  last_used_at: LastUsed;
  total_code_count: number;
  type: 'recovery_codes';
  unused_code_count: number;
};
/** Apps only, if the server issues tokens: the token that renews the access token. */
export type RefreshToken = string;
export type Session = {
  created_at: Timestamp;
  /** Unique among the sessions of the user. */
  id: number;
  ip: string;
  is_current: boolean;
  /** Only if the server records it. */
  last_seen_at?: Timestamp;
  user_agent: string;
};
export type ShownRecoveryCodes = {
  created_at: Timestamp;
  last_used_at: LastUsed;
  total_code_count: number;
  type: 'recovery_codes';
  unused_code_count: number;
  unused_codes: Array<string>;
};
export type TOTP = {
  created_at: Timestamp;
  last_used_at: LastUsed;
  type: 'totp';
};
/** Seconds since the beginning of 1970, with a fraction. */
export type Timestamp = number;
/** The token of an app. A browser gets cookies instead. */
export type Tokens = {
  access_token?: AccessToken;
  refresh_token?: RefreshToken;
  /** Apps only: the token to send from now on. */
  session_token?: string;
};
export type UnauthenticatedAnswer = {
  data: {
    flows: Array<Flow>;
  };
  meta: {
    access_token?: AccessToken;
    is_authenticated: false;
    refresh_token?: RefreshToken;
    /** Apps only: the token to send from now on. */
    session_token?: string;
  };
  status: 401;
};
/** The host may add members. */
export type User = {
  /** The name to show. */
  display: string;
  email?: Email;
  has_usable_password: boolean;
  /** A number of at most 53 bits, or a text if the site has other ids. */
  id: number | string;
  username?: Username;
  [member: string]: unknown;
};
export type Username = string;

// The responses, by name.
export type ActivityResponse = {
  data: {
    events: Array<ActivityEvent>;
    /** The `cursor` of the next page, absent on the last one. */
    next?: string;
  };
  meta?: Tokens;
  status: 200;
};
export type AuthenticatedResponse = AuthenticatedAnswer;
export type AuthenticatorConflictResponse = {
  errors?: Array<Problem>;
  meta?: Tokens;
  status: 409;
};
export type AuthenticatorsResponse = {
  data: Array<TOTP | RecoveryCodes | Key>;
  meta?: Tokens;
  status: 200;
};
export type BadFormResponse = {
  meta?: Tokens;
  status: 400;
};
export type ConfigurationResponse = {
  data: {
    account: {
      /** The older form of `login_methods`. Absent if users log in with phone numbers only. */
      authentication_method?: 'email' | 'username' | 'username_email';
      email_verification_by_code_enabled: boolean;
      is_open_for_signup: boolean;
      login_by_code_enabled: boolean;
      login_methods: Array<'email' | 'username' | 'phone'>;
      password_reset_by_code_enabled: boolean;
    };
    mfa?: {
      passkey_login_enabled: boolean;
      /** Absent if it is off. */
      passkey_upgrade_enabled?: true;
      supported_types: Array<AuthenticatorType>;
    };
    socialaccount?: {
      providers: Array<Provider>;
    };
    usersessions: {
      track_activity: boolean;
    };
  };
  meta?: Tokens;
  status: 200;
};
export type ConflictResponse = {
  meta?: Tokens;
  status: 409;
};
export type CreationOptionsResponse = {
  data: {
    creation_options: KeyOptions;
  };
  meta?: Tokens;
  status: 200;
};
export type DeletionResponse = {
  data: {
    due_at: Timestamp;
    requested_at: Timestamp;
  };
  meta?: Tokens;
  status: 200;
};
export type EmailAddressesResponse = {
  data: Array<EmailAddress>;
  meta?: Tokens;
  status: 200;
};
export type EmailVerificationResponse = {
  data: {
    email: Email;
    user: User;
  };
  meta: {
    access_token?: AccessToken;
    /** Whether a login waits for it. */
    is_authenticating: boolean;
    refresh_token?: RefreshToken;
    /** Apps only: the token to send from now on. */
    session_token?: string;
  };
  status: 200;
};
export type ExportResponse = {
  data: {
    authenticators: Array<Record<string, unknown>>;
    deletion?: Record<string, unknown>;
    emails: Array<Record<string, unknown>>;
    events?: Array<Record<string, unknown>>;
    phones: Array<Record<string, unknown>>;
    providers: Array<Record<string, unknown>>;
    sessions: Array<Record<string, unknown>>;
    user: Record<string, unknown>;
  };
  meta?: Tokens;
  status: 200;
};
export type ForbiddenResponse = {
  errors?: Array<Problem>;
  meta?: Tokens;
  status: 403;
};
export type FormTooLargeResponse = {
  meta?: Tokens;
  status: 413;
};
export type GoneResponse = {
  data: {
    flows: Array<Flow>;
  };
  meta: {
    access_token?: AccessToken;
    is_authenticated: false;
    refresh_token?: RefreshToken;
    /** Apps only: the token to send from now on. */
    session_token?: string;
  };
  status: 410;
};
export type KeyResponse = {
  data: Key;
  meta?: Tokens;
  status: 200;
};
export type LoginAlertResponse = {
  data: {
    at: Timestamp;
    ip: string;
    /** In the answer to POST: whether a link to reset the password was mailed. */
    reset_sent?: boolean;
    /** What was added since the login, and is still there. Empty if the account does not have the address of the alert any more. */
    since: Array<{
      at?: Timestamp;
      /** That of a session. */
      ip?: string;
      /** An address, a number, a browser, a provider, the name of a key. */
      name?: string;
      /** `email`, `phone`, `password`, `session`, `provider`, or the type of an authenticator: `totp`, `recovery_codes`, `webauthn`. */
      type: string;
    }>;
    user_agent: string;
  };
  meta?: Tokens;
  status: 200;
};
export type MethodNotAllowedResponse = {
  meta?: Tokens;
  status: 405;
};
export type NewKeyResponse = {
  data: Key;
  meta: {
    access_token?: AccessToken;
    /** Whether recovery codes were generated too, for the user to write down. */
    recovery_codes_generated: boolean;
    refresh_token?: RefreshToken;
    /** Apps only: the token to send from now on. */
    session_token?: string;
  };
  status: 200;
};
export type NewRecoveryCodesResponse = {
  data: ShownRecoveryCodes;
  meta?: Tokens;
  status: 200;
};
export type NotFoundResponse = {
  meta?: Tokens;
  status: 404;
};
export type OKResponse = {
  meta?: Tokens;
  status: 200;
};
export type OKOrAuthenticatedResponse = {
  meta?: Tokens;
  status: 200;
} | AuthenticatedAnswer;
export type PasswordResetResponse = {
  data: {
    user: User;
  };
  meta?: Tokens;
  status: 200;
};
export type PhoneChangeResponse = {
  data: Array<PhoneNumber>;
  meta?: Tokens;
  status: 202;
};
export type PhonesResponse = {
  data: Array<PhoneNumber>;
  meta?: Tokens;
  status: 200;
};
export type ProblemsResponse = {
  errors?: Array<Problem>;
  meta?: Tokens;
  status: 400;
};
export type ProofRequiredResponse = UnauthenticatedAnswer | ReauthenticationAnswer;
export type ProviderAccountsResponse = {
  data: Array<ProviderAccount>;
  meta?: Tokens;
  status: 200;
};
export type ProviderSignupResponse = {
  data: {
    account: ProviderAccount;
    email: Array<EmailAddress>;
    user: {
      display?: string;
      has_usable_password: boolean;
      username?: Username;
    };
  };
  meta?: Tokens;
  status: 200;
};
export type RecoveryCodesResponse = {
  data: ShownRecoveryCodes | RecoveryCodes;
  meta?: Tokens;
  status: 200;
};
export type RequestOptionsResponse = {
  data: {
    request_options: KeyOptions;
  };
  meta?: Tokens;
  status: 200;
};
export type SessionsResponse = {
  data: Array<Session>;
  meta?: Tokens;
  status: 200;
};
export type TOTPResponse = {
  data: TOTP;
  meta?: Tokens;
  status: 200;
};
export type TOTPSetupResponse = {
  meta: {
    access_token?: AccessToken;
    refresh_token?: RefreshToken;
    /** The secret, in base 32. */
    secret: string;
    /** Apps only: the token to send from now on. */
    session_token?: string;
    /** The secret as a URL, to show as a QR code. */
    totp_url: string;
  };
  status: 404;
};
export type TokensResponse = {
  data: {
    access_token: AccessToken;
    refresh_token?: RefreshToken;
  };
  meta?: Tokens;
  status: 200;
};
export type TooLargeResponse = {
  errors: Array<Problem>;
  meta?: Tokens;
  status: 413;
};
export type TooManyRequestsResponse = {
  meta?: Tokens;
  status: 429;
};
export type UnauthenticatedResponse = UnauthenticatedAnswer;
export type UnavailableResponse = {
  status: 500 | 502 | 503 | 504;
};
export type UnsupportedMediaTypeResponse = {
  errors: Array<Problem>;
  meta?: Tokens;
  status: 415;
};

/** The operations, by method and path, with what they take and all that they answer. */
export interface Operations {
  /** Renew the access token. */
  'POST tokens/refresh': {body: {
    refresh_token: RefreshToken;
  }; answer: TokensResponse | ProblemsResponse | ForbiddenResponse | GoneResponse | TooLargeResponse | UnsupportedMediaTypeResponse | UnavailableResponse};
  /** Trust this browser or not. */
  'POST auth/2fa/trust': {body: {
    trust: boolean;
  }; answer: AuthenticatedResponse | ProblemsResponse | UnauthenticatedResponse | ForbiddenResponse | TooLargeResponse | UnsupportedMediaTypeResponse | TooManyRequestsResponse | UnavailableResponse};
  /** Redirect to a provider. */
  'POST auth/provider/redirect': {body: undefined; answer: ForbiddenResponse | UnavailableResponse};
  /** List what happened in the user's account. */
  'GET account/activity': {body: undefined; answer: ActivityResponse | ProblemsResponse | UnauthenticatedResponse | ForbiddenResponse | GoneResponse | UnavailableResponse};
  /** List the authenticators. */
  'GET account/authenticators': {body: undefined; answer: AuthenticatorsResponse | UnauthenticatedResponse | ForbiddenResponse | GoneResponse | UnavailableResponse};
  /** Show the recovery codes. */
  'GET account/authenticators/recovery-codes': {body: undefined; answer: RecoveryCodesResponse | ProofRequiredResponse | ForbiddenResponse | NotFoundResponse | GoneResponse | UnavailableResponse};
  /** Generate new recovery codes. */
  'POST account/authenticators/recovery-codes': {body: undefined; answer: NewRecoveryCodesResponse | ProblemsResponse | ProofRequiredResponse | ForbiddenResponse | ConflictResponse | GoneResponse | UnavailableResponse};
  /** Show the recovery codes. */
  'GET account/authenticators/recovery_codes': {body: undefined; answer: RecoveryCodesResponse | ProofRequiredResponse | ForbiddenResponse | NotFoundResponse | GoneResponse | UnavailableResponse};
  /** Generate new recovery codes. */
  'POST account/authenticators/recovery_codes': {body: undefined; answer: NewRecoveryCodesResponse | ProblemsResponse | ProofRequiredResponse | ForbiddenResponse | ConflictResponse | GoneResponse | UnavailableResponse};
  /** Get the authenticator app, or the secret to set one up. */
  'GET account/authenticators/totp': {body: undefined; answer: TOTPResponse | UnauthenticatedResponse | ForbiddenResponse | TOTPSetupResponse | AuthenticatorConflictResponse | GoneResponse | UnavailableResponse};
  /** Set up an authenticator app. */
  'POST account/authenticators/totp': {body: {
    code: AuthenticatorCode;
  }; answer: TOTPResponse | ProblemsResponse | ProofRequiredResponse | ForbiddenResponse | AuthenticatorConflictResponse | GoneResponse | TooLargeResponse | UnsupportedMediaTypeResponse | UnavailableResponse};
  /** Remove the authenticator app. */
  'DELETE account/authenticators/totp': {body: undefined; answer: OKResponse | ProofRequiredResponse | ForbiddenResponse | GoneResponse | UnavailableResponse};
  /** Options for a new key. */
  'GET account/authenticators/webauthn': {body: undefined; answer: CreationOptionsResponse | ProofRequiredResponse | ForbiddenResponse | AuthenticatorConflictResponse | GoneResponse | UnavailableResponse};
  /** Add a key. */
  'POST account/authenticators/webauthn': {body: {
    credential: Credential;
    /** The user's name for the key. */
    name?: string;
  }; answer: NewKeyResponse | ProblemsResponse | ProofRequiredResponse | ForbiddenResponse | AuthenticatorConflictResponse | GoneResponse | TooLargeResponse | UnsupportedMediaTypeResponse | UnavailableResponse};
  /** Rename a key. */
  'PUT account/authenticators/webauthn': {body: {
    id: AuthenticatorID;
    /** The user's name for the key. */
    name: string;
  }; answer: KeyResponse | ProblemsResponse | ProofRequiredResponse | ForbiddenResponse | ConflictResponse | GoneResponse | TooLargeResponse | UnsupportedMediaTypeResponse | UnavailableResponse};
  /** Remove keys. */
  'DELETE account/authenticators/webauthn': {body: {
    authenticators: Array<AuthenticatorID>;
  }; answer: OKResponse | ProblemsResponse | ProofRequiredResponse | ForbiddenResponse | GoneResponse | TooLargeResponse | UnsupportedMediaTypeResponse | UnavailableResponse};
  /** Get the requested deletion of the account. */
  'GET account/deletion': {body: undefined; answer: DeletionResponse | UnauthenticatedResponse | ForbiddenResponse | NotFoundResponse | GoneResponse | UnavailableResponse};
  /** Request the deletion of the account. */
  'POST account/deletion': {body: undefined; answer: DeletionResponse | ProofRequiredResponse | ForbiddenResponse | GoneResponse | UnavailableResponse};
  /** Cancel the requested deletion of the account. */
  'DELETE account/deletion': {body: undefined; answer: OKResponse | UnauthenticatedResponse | ForbiddenResponse | NotFoundResponse | GoneResponse | UnavailableResponse};
  /** List the addresses. */
  'GET account/email': {body: undefined; answer: EmailAddressesResponse | UnauthenticatedResponse | ForbiddenResponse | GoneResponse | UnavailableResponse};
  /** Add or change an address. */
  'POST account/email': {body: {
    email: Email;
  }; answer: EmailAddressesResponse | ProblemsResponse | ProofRequiredResponse | ForbiddenResponse | ConflictResponse | GoneResponse | TooLargeResponse | UnsupportedMediaTypeResponse | TooManyRequestsResponse | UnavailableResponse};
  /** Mail the verification again. */
  'PUT account/email': {body: {
    email: Email;
  }; answer: OKResponse | ProblemsResponse | UnauthenticatedResponse | ForbiddenResponse | GoneResponse | TooLargeResponse | UnsupportedMediaTypeResponse | TooManyRequestsResponse | UnavailableResponse};
  /** Make an address the primary one. */
  'PATCH account/email': {body: {
    email: Email;
    primary: true;
  }; answer: EmailAddressesResponse | ProblemsResponse | ProofRequiredResponse | ForbiddenResponse | GoneResponse | TooLargeResponse | UnsupportedMediaTypeResponse | TooManyRequestsResponse | UnavailableResponse};
  /** Remove an address. */
  'DELETE account/email': {body: {
    email: Email;
  }; answer: EmailAddressesResponse | ProblemsResponse | ProofRequiredResponse | ForbiddenResponse | GoneResponse | TooLargeResponse | UnsupportedMediaTypeResponse | TooManyRequestsResponse | UnavailableResponse};
  /** Get everything that is stored of the account. */
  'GET account/export': {body: undefined; answer: ExportResponse | ProofRequiredResponse | ForbiddenResponse | GoneResponse | UnavailableResponse};
  /** Get the login about which a mail was sent. */
  'GET account/login-alert': {body: undefined; answer: LoginAlertResponse | ProblemsResponse | ForbiddenResponse | NotFoundResponse | GoneResponse | UnavailableResponse};
  /** Say that a login was not by the owner of the account. */
  'POST account/login-alert': {body: {
    /** The key of the link. */
    key: string;
  }; answer: LoginAlertResponse | ProblemsResponse | ForbiddenResponse | NotFoundResponse | GoneResponse | TooLargeResponse | UnsupportedMediaTypeResponse | TooManyRequestsResponse | UnavailableResponse};
  /** Change or set the password. */
  'POST account/password/change': {body: {
    current_password?: Password;
    new_password: Password;
  }; answer: AuthenticatedResponse | ProblemsResponse | ProofRequiredResponse | ForbiddenResponse | GoneResponse | TooLargeResponse | UnsupportedMediaTypeResponse | TooManyRequestsResponse | UnavailableResponse};
  /** Get the phone number. */
  'GET account/phone': {body: undefined; answer: PhonesResponse | UnauthenticatedResponse | ForbiddenResponse | GoneResponse | UnavailableResponse};
  /** Change the phone number. */
  'POST account/phone': {body: {
    phone: Phone;
  }; answer: PhoneChangeResponse | ProblemsResponse | ProofRequiredResponse | ForbiddenResponse | ConflictResponse | GoneResponse | TooLargeResponse | UnsupportedMediaTypeResponse | TooManyRequestsResponse | UnavailableResponse};
  /** List the connected accounts. */
  'GET account/providers': {body: undefined; answer: ProviderAccountsResponse | UnauthenticatedResponse | ForbiddenResponse | GoneResponse | UnavailableResponse};
  /** Disconnect an account. */
  'DELETE account/providers': {body: {
    /** The `uid` of the account. */
    account: string;
    provider: ProviderID;
  }; answer: ProviderAccountsResponse | ProblemsResponse | ProofRequiredResponse | ForbiddenResponse | GoneResponse | TooLargeResponse | UnsupportedMediaTypeResponse | UnavailableResponse};
  /** Complete a login with a code. */
  'POST auth/2fa/authenticate': {body: {
    code: AuthenticatorCode;
  }; answer: AuthenticatedResponse | ProblemsResponse | UnauthenticatedResponse | ForbiddenResponse | GoneResponse | TooLargeResponse | UnsupportedMediaTypeResponse | TooManyRequestsResponse | UnavailableResponse};
  /** Reauthenticate with a code. */
  'POST auth/2fa/reauthenticate': {body: {
    code: AuthenticatorCode;
  }; answer: AuthenticatedResponse | ProblemsResponse | UnauthenticatedResponse | ForbiddenResponse | GoneResponse | TooLargeResponse | UnsupportedMediaTypeResponse | UnavailableResponse};
  /** Confirm the login code. */
  'POST auth/code/confirm': {body: {
    code: Code;
  }; answer: AuthenticatedResponse | ProblemsResponse | UnauthenticatedResponse | ForbiddenResponse | ConflictResponse | GoneResponse | TooLargeResponse | UnsupportedMediaTypeResponse | TooManyRequestsResponse | UnavailableResponse};
  /** Request a login code. */
  'POST auth/code/request': {body: {
    email: Email;
  } | {
    phone: Phone;
  } | Record<string, unknown>; answer: AuthenticatedResponse | ProblemsResponse | ProofRequiredResponse | ForbiddenResponse | GoneResponse | TooLargeResponse | UnsupportedMediaTypeResponse | TooManyRequestsResponse | UnavailableResponse};
  /** Request another login code. */
  'POST auth/code/resend': {body: undefined; answer: OKResponse | ForbiddenResponse | ConflictResponse | GoneResponse | TooManyRequestsResponse | UnavailableResponse};
  /** Get the address that a key verifies. */
  'GET auth/email/verify': {body: undefined; answer: EmailVerificationResponse | ProblemsResponse | ForbiddenResponse | ConflictResponse | GoneResponse | TooManyRequestsResponse | UnavailableResponse};
  /** Verify an address. */
  'POST auth/email/verify': {body: {
    /** The key of the link, or the code. */
    key: string;
  }; answer: AuthenticatedResponse | ProblemsResponse | UnauthenticatedResponse | ForbiddenResponse | ConflictResponse | GoneResponse | TooLargeResponse | UnsupportedMediaTypeResponse | TooManyRequestsResponse | UnavailableResponse};
  /** Request another code by mail. */
  'POST auth/email/verify/resend': {body: undefined; answer: OKResponse | ForbiddenResponse | ConflictResponse | GoneResponse | TooManyRequestsResponse | UnavailableResponse};
  /** Accept an invitation with a passkey. */
  'POST auth/invitation': {body: {
    /** The key of the link. */
    key: string;
  }; answer: AuthenticatedResponse | ProblemsResponse | UnauthenticatedResponse | ForbiddenResponse | ConflictResponse | GoneResponse | TooLargeResponse | UnsupportedMediaTypeResponse | TooManyRequestsResponse | UnavailableResponse};
  /** Log in with a password. */
  'POST auth/login': {body: {
    email: Email;
    password: Password;
  } | {
    password: Password;
    username: Username;
  } | {
    password: Password;
    phone: Phone;
  }; answer: AuthenticatedResponse | ProblemsResponse | UnauthenticatedResponse | ForbiddenResponse | ConflictResponse | GoneResponse | TooLargeResponse | UnsupportedMediaTypeResponse | TooManyRequestsResponse | UnavailableResponse};
  /** Request a password reset. */
  'POST auth/password/request': {body: {
    email: Email;
  }; answer: OKOrAuthenticatedResponse | ProblemsResponse | UnauthenticatedResponse | ForbiddenResponse | GoneResponse | TooLargeResponse | UnsupportedMediaTypeResponse | TooManyRequestsResponse | UnavailableResponse};
  /** Get the user whose password a key resets. */
  'GET auth/password/reset': {body: undefined; answer: PasswordResetResponse | ProblemsResponse | ForbiddenResponse | ConflictResponse | GoneResponse | TooManyRequestsResponse | UnavailableResponse};
  /** Set a new password. */
  'POST auth/password/reset': {body: {
    /** The key of the link, or the code. */
    key: string;
    password: Password;
  }; answer: AuthenticatedResponse | ProblemsResponse | UnauthenticatedResponse | ForbiddenResponse | ConflictResponse | GoneResponse | TooLargeResponse | UnsupportedMediaTypeResponse | TooManyRequestsResponse | UnavailableResponse};
  /** Verify a phone number. */
  'POST auth/phone/verify': {body: {
    code: Code;
  }; answer: AuthenticatedResponse | ProblemsResponse | UnauthenticatedResponse | ForbiddenResponse | ConflictResponse | GoneResponse | TooLargeResponse | UnsupportedMediaTypeResponse | TooManyRequestsResponse | UnavailableResponse};
  /** Request another code by text message. */
  'POST auth/phone/verify/resend': {body: undefined; answer: OKResponse | ForbiddenResponse | ConflictResponse | GoneResponse | TooManyRequestsResponse | UnavailableResponse};
  /** Get what is known of the new user. */
  'GET auth/provider/signup': {body: undefined; answer: ProviderSignupResponse | ForbiddenResponse | ConflictResponse | GoneResponse | UnavailableResponse};
  /** Complete a sign-up through a provider. */
  'POST auth/provider/signup': {body: {
    email?: Email;
    /** The address once more, if the sign-up form has that field. */
    email2?: string;
    phone?: Phone;
    username?: Username;
    [member: string]: unknown;
  }; answer: AuthenticatedResponse | ProblemsResponse | UnauthenticatedResponse | ForbiddenResponse | ConflictResponse | GoneResponse | TooLargeResponse | UnsupportedMediaTypeResponse | TooManyRequestsResponse | UnavailableResponse};
  /** Log in or connect with a provider's token. */
  'POST auth/provider/token': {body: {
    process: Process;
    provider: ProviderID;
    token: {
      access_token?: string;
      /** The client id that the token was issued for. */
      client_id: string;
      id_token: string;
      /** What Apple told the app of the user at the first login. Only the name is read. */
      user?: {
        name?: {
          firstName?: string;
          lastName?: string;
        };
      };
    } | {
      access_token: string;
      /** The client id that the token was issued for. */
      client_id: string;
    };
  }; answer: AuthenticatedResponse | ProblemsResponse | ProofRequiredResponse | ForbiddenResponse | GoneResponse | TooLargeResponse | UnsupportedMediaTypeResponse | TooManyRequestsResponse | UnavailableResponse};
  /** Reauthenticate with the password. */
  'POST auth/reauthenticate': {body: {
    password: Password;
  }; answer: AuthenticatedResponse | ProblemsResponse | UnauthenticatedResponse | ForbiddenResponse | GoneResponse | TooLargeResponse | UnsupportedMediaTypeResponse | TooManyRequestsResponse | UnavailableResponse};
  /** Get the session and its user. */
  'GET auth/session': {body: undefined; answer: AuthenticatedResponse | UnauthenticatedResponse | GoneResponse | UnavailableResponse};
  /** Log out. */
  'DELETE auth/session': {body: undefined; answer: AuthenticatedResponse | UnauthenticatedResponse | ForbiddenResponse | GoneResponse | UnavailableResponse};
  /** List the user's sessions. */
  'GET auth/sessions': {body: undefined; answer: SessionsResponse | UnauthenticatedResponse | ForbiddenResponse | GoneResponse | UnavailableResponse};
  /** End sessions. */
  'DELETE auth/sessions': {body: {
    /** The ids of the sessions to end. */
    sessions: Array<number>;
  }; answer: SessionsResponse | ProblemsResponse | UnauthenticatedResponse | ForbiddenResponse | GoneResponse | TooLargeResponse | UnsupportedMediaTypeResponse | UnavailableResponse};
  /** Sign up with a password. */
  'POST auth/signup': {body: {
    email?: Email;
    /** The address once more, if the sign-up form has that field. */
    email2?: string;
    password: Password;
    phone?: Phone;
    username?: Username;
    [member: string]: unknown;
  }; answer: AuthenticatedResponse | ProblemsResponse | UnauthenticatedResponse | ForbiddenResponse | ConflictResponse | GoneResponse | TooLargeResponse | UnsupportedMediaTypeResponse | TooManyRequestsResponse | UnavailableResponse};
  /** Options to complete a login with a key. */
  'GET auth/webauthn/authenticate': {body: undefined; answer: RequestOptionsResponse | UnauthenticatedResponse | ForbiddenResponse | GoneResponse | UnavailableResponse};
  /** Complete a login with a key. */
  'POST auth/webauthn/authenticate': {body: {
    credential: Credential;
  }; answer: AuthenticatedResponse | ProblemsResponse | UnauthenticatedResponse | ForbiddenResponse | GoneResponse | TooLargeResponse | UnsupportedMediaTypeResponse | TooManyRequestsResponse | UnavailableResponse};
  /** Options to log in with a passkey. */
  'GET auth/webauthn/login': {body: undefined; answer: RequestOptionsResponse | ForbiddenResponse | GoneResponse | TooManyRequestsResponse | UnavailableResponse};
  /** Log in with a passkey. */
  'POST auth/webauthn/login': {body: {
    credential: Credential;
  }; answer: AuthenticatedResponse | ProblemsResponse | UnauthenticatedResponse | ForbiddenResponse | ConflictResponse | GoneResponse | TooLargeResponse | UnsupportedMediaTypeResponse | TooManyRequestsResponse | UnavailableResponse};
  /** Options to reauthenticate with a key. */
  'GET auth/webauthn/reauthenticate': {body: undefined; answer: RequestOptionsResponse | UnauthenticatedResponse | ForbiddenResponse | GoneResponse | UnavailableResponse};
  /** Reauthenticate with a key. */
  'POST auth/webauthn/reauthenticate': {body: {
    credential: Credential;
  }; answer: AuthenticatedResponse | ProblemsResponse | UnauthenticatedResponse | ForbiddenResponse | GoneResponse | TooLargeResponse | UnsupportedMediaTypeResponse | UnavailableResponse};
  /** Options for the passkey of a new account. */
  'GET auth/webauthn/signup': {body: undefined; answer: CreationOptionsResponse | ForbiddenResponse | ConflictResponse | GoneResponse | UnavailableResponse};
  /** Sign up with a passkey. */
  'POST auth/webauthn/signup': {body: {
    email?: Email;
    /** The address once more, if the sign-up form has that field. */
    email2?: string;
    phone?: Phone;
    username?: Username;
    [member: string]: unknown;
  }; answer: AuthenticatedResponse | ProblemsResponse | UnauthenticatedResponse | ForbiddenResponse | ConflictResponse | GoneResponse | TooLargeResponse | UnsupportedMediaTypeResponse | TooManyRequestsResponse | UnavailableResponse};
  /** Add the passkey of a new account. */
  'PUT auth/webauthn/signup': {body: {
    credential: Credential;
    /** The user's name for the key. */
    name?: string;
  }; answer: AuthenticatedResponse | ProblemsResponse | UnauthenticatedResponse | ForbiddenResponse | ConflictResponse | GoneResponse | TooLargeResponse | UnsupportedMediaTypeResponse | TooManyRequestsResponse | UnavailableResponse};
  /** Get the configuration of the server. */
  'GET config': {body: undefined; answer: ConfigurationResponse | GoneResponse | UnavailableResponse};
  /** List the user's sessions. */
  'GET sessions': {body: undefined; answer: SessionsResponse | UnauthenticatedResponse | ForbiddenResponse | GoneResponse | UnavailableResponse};
  /** End sessions. */
  'DELETE sessions': {body: {
    /** The ids of the sessions to end. */
    sessions: Array<number>;
  }; answer: SessionsResponse | ProblemsResponse | UnauthenticatedResponse | ForbiddenResponse | GoneResponse | TooLargeResponse | UnsupportedMediaTypeResponse | UnavailableResponse};
}
