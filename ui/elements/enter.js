// The screens of users who are not logged in: login, sign-up, reset, and the steps between.

import {pendingFlow, problems, createKey, redirectToProvider, supportsAutofill, supportsKeys, useKey} from '../client/index.js';
import {address, h, has, link, nextTarget, t, ui} from './ui.js';
import {Screen} from './screen.js';
import {appCode, code, currentPassword, email, Field, identifier, identify, keyName, newPassword, phone, username} from './fields.js';

/** @import {Answer} from '../client/client.js' */
/** @import {Child} from './screen.js' */

/** The flows that the server offers. */
const flows = () => ('flows' in ui.client.state ? ui.client.state.flows : []);
/** @param {string} id */
const flow = (id) => flows().find((candidate) => candidate.id === id);

const loginMethods = () => ui.config?.account.login_methods ?? ['email'];

/** What login codes are sent to. */
const codeMethods = () => {
  const methods = loginMethods().filter((method) => method !== 'username');
  return methods.length > 0 ? methods : [/** @type {const} */ ('email')];
};

/** The statuses of a success after which no user may be logged in. */
const done401 = [200, 401];

/**
 * Buttons that send the browser to providers.
 * @param {string[]} ids
 * @param {'login' | 'connect'} process
 * @param {string} [path] The step that the browser returns to.
 */
export function providerButtons(ids, process, path = 'provider/callback') {
  const known = (ui.config?.socialaccount?.providers ?? []).filter(({id}) => ids.includes(id));
  const next = nextTarget();
  return known.map(({id, name}) => h('button', {
    part: 'button provider', type: 'button',
    onclick: () => redirectToProvider(ui.client, {
      provider: id, process, action: ui.providerRedirect || undefined,
      callbackURL: address(path) + (next ? '?next=' + encodeURIComponent(next) : ''),
    }),
  }, t(process === 'connect' ? 'connect' : 'continueWith', {provider: name})));
}

const divider = () => h('p', {part: 'divider'}, h('span', {}, t('or')));

/** Log in: with a password, a passkey, a code or a provider. */
export class Login extends Screen {
  static heading = /** @type {const} */ ('login.title');
  #autofill = new AbortController();

  content() {
    const passkeys = flow('mfa_login_webauthn') && supportsKeys();
    const providers = providerButtons(flow('provider_redirect')?.providers ?? [], 'login');
    const methods = loginMethods();
    const form = flow('login') && this.form([
      identifier(methods, {autocomplete: passkeys ? 'username webauthn' : 'username'}),
      currentPassword(),
    ], {
      send: ({identifier, password}) => ui.client.call('POST auth/login', {...identify(methods, identifier), password}),
      byPassword: true,
    }, {submit: 'login', more: [link('password/reset', t('login.forgot'))]});
    if (passkeys) this.#offerAutofill();
    const others = [
      passkeys && this.button(t('login.passkey'), {send: () => this.#usePasskey()}),
      flow('login_by_code') && h('a', {part: 'button', href: link('login/code', '').href}, t('login.byCode')),
      ...providers,
    ].filter((node) => node !== undefined && node !== false);
    return [
      form, form && others.length > 0 && divider(),
      others.length > 0 && h('div', {part: 'stack'}, ...others),
      flow('signup') && h('p', {part: 'foot'}, t('login.new') + ' ', link('signup', t('signup.title'))),
    ];
  }

  disconnectedCallback() {
    this.#autofill.abort();
    super.disconnectedCallback();
  }

  #usePasskey() {
    this.#autofill.abort(); // the browser answers one request at a time
    return useKey(ui.client, 'auth/webauthn/login', {signal: this.signal}).finally(() => {
      if (this.isConnected) this.#offerAutofill();
    });
  }

  /** Lets the browser offer passkeys in the field of the username. */
  async #offerAutofill() {
    if (!await supportsAutofill() || this.signal.aborted) return;
    this.#autofill = new AbortController();
    const {signal} = this.#autofill;
    try {
      const answer = await useKey(ui.client, 'auth/webauthn/login', {signal, mediation: 'conditional'});
      if (signal.aborted || answer.failure) return;
      if (answer.status !== 400) return await ui.settle();
      this.warn(Object.values(problems(answer)).flat().join(' '));
      this.#offerAutofill(); // options can be used only once
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}

/** Request a code to log in with. */
export class RequestCode extends Screen {
  static heading = /** @type {const} */ ('requestCode.title');

  content() {
    const methods = codeMethods();
    return [
      h('p', {part: 'intro'}, t('requestCode.intro')),
      this.form([identifier(methods)],
        {send: ({identifier}) => ui.client.call('POST auth/code/request', identify(methods, identifier))}, {submit: 'sendCode'}),
      h('p', {part: 'foot'}, link('login', t('login.otherWay'))),
    ];
  }
}

/** The fields of a sign-up, as the server is configured. @param {Record<string, string>} [values] */
function signupFields(values = {}) {
  return ui.signupFields.filter((name) => !name.startsWith('password')).map((entry) => {
    const name = entry.replace('*', '');
    const options = {optional: !entry.endsWith('*'), value: values[name] ?? (name === 'email' && ui.identifier.includes('@') ? ui.identifier : '')};
    switch (name) {
      case 'email': return email({...options, autocomplete: 'username', changed: (value) => (ui.identifier = value)});
      case 'email2': return email({...options, label: 'emailAgain'}).as('email2');
      case 'phone': return phone(options);
      default: return username(options);
    }
  });
}

/** Sign up with a password. */
export class Signup extends Screen {
  static heading = /** @type {const} */ ('signup.title');

  content() {
    if (ui.config && !ui.config.account.is_open_for_signup) return [h('p', {part: 'intro'}, t('signup.closed')), link('login', t('login.title'))];
    const providers = providerButtons(flow('provider_redirect')?.providers ?? [], 'login');
    const passkey = signsUpByPasskey() && h('a', {part: 'button', href: link('signup/passkey', '').href}, t('signup.byPasskey'));
    return [
      this.form([...signupFields(), newPassword('password', {label: 'password'})],
        {send: (values) => ui.client.call('POST auth/signup', /** @type {any} */ (values))}, {submit: 'signup'}),
      (providers.length > 0 || passkey) && divider(),
      h('div', {part: 'stack'}, ...(passkey ? [passkey] : []), ...providers),
      h('p', {part: 'foot'}, t('signup.known') + ' ', link('login', t('login.title'))),
    ];
  }
}

function signsUpByPasskey() {
  return supportsKeys() && ui.config?.mfa?.passkey_login_enabled && ui.config.account.email_verification_by_code_enabled && has('auth/webauthn/signup');
}

/** Sign up with a passkey: the address first. */
export class PasskeySignup extends Screen {
  static heading = /** @type {const} */ ('passkeySignup.title');

  content() {
    return [
      h('p', {part: 'intro'}, t('passkeySignup.intro')),
      this.form(signupFields(), {send: (values) => ui.client.call('POST auth/webauthn/signup', values)}, {submit: 'continue'}),
      h('p', {part: 'foot'}, link('signup', t('signup.byPassword'))),
    ];
  }
}

/** Sign up with a passkey: the key, once the address is verified. */
export class CreatePasskey extends Screen {
  static heading = /** @type {const} */ ('createPasskey.title');

  content() {
    return [
      h('p', {part: 'intro'}, t('createPasskey.intro')),
      this.form([keyName()], {send: ({name}) => createKey(ui.client, 'PUT auth/webauthn/signup', {name, signal: this.signal})}, {submit: 'createPasskey'}),
      cancelLogin(this),
    ];
  }
}

/** A button to leave a pending login. @param {Screen} screen */
export function cancelLogin(screen) {
  return h('p', {part: 'foot'}, screen.button(t('startAgain'), {send: () => ui.client.call('DELETE auth/session'), accept: done401, then: () => ui.go('login')}, 'button plain'));
}

/**
 * A form for a code, with a button to send another one.
 * @param {Screen} screen
 * @param {{field: Field, send: (values: Record<string, string>) => Promise<Answer>, resend: 'POST auth/code/resend' | 'POST auth/email/verify/resend' | 'POST auth/phone/verify/resend', accept?: number[], done?: import('./ui.js').Text, then?: () => void}} of
 * @returns {Child[]}
 */
export function codeForm(screen, {field, send, resend, accept, done, then}) {
  return [
    screen.form([field], {send, accept, done, then}, {submit: 'continue'}),
    h('p', {part: 'foot'}, screen.button(t('resend'), {send: () => ui.client.call(resend), done: 'resent'}, 'button plain')),
  ];
}

/** Enter a code to log in. */
export class Code extends Screen {
  static heading = /** @type {const} */ ('code.title');

  content() {
    return [
      h('p', {part: 'intro'}, ui.identifier ? t('code.sentTo', {to: ui.identifier}) : t('code.sent')),
      ...codeForm(this, {field: code('code'), resend: 'POST auth/code/resend', send: ({code}) => ui.client.call('POST auth/code/confirm', {code})}),
      cancelLogin(this),
    ];
  }
}

/** Verify the address of a login that waits for it: by a code, or by the link of a mail. */
export class VerifyEmail extends Screen {
  static heading = /** @type {const} */ ('verifyEmail.title');

  content() {
    const byCode = ui.config?.account.email_verification_by_code_enabled;
    return [
      h('p', {part: 'intro'}, t(byCode ? 'verifyEmail.code' : 'verifyEmail.link')),
      ...(byCode ? this.#code() : [this.#opened()]),
      h('details', {part: 'details'}, h('summary', {part: 'summary'}, t('verifyEmail.wrong')), this.form([email({autocomplete: 'username'})], {
        send: ({email}) => ui.client.call('POST account/email', {email}), done: 'resent',
      }, {submit: 'continue'})),
      cancelLogin(this),
    ];
  }

  #code() {
    return codeForm(this, {
      field: code('key'), resend: 'POST auth/email/verify/resend', accept: done401, done: 'verifyEmail.done',
      send: ({key}) => ui.client.call('POST auth/email/verify', {key}),
    });
  }

  #opened() {
    return this.button(t('verifyEmail.opened'), {
      send: async () => {
        const answer = await ui.client.call('GET auth/session');
        if (pendingFlow(answer)?.id === 'verify_email') this.warn(t('verifyEmail.notYet'));
        return answer;
      },
    }, 'button primary');
  }
}

/** Verify the number of a login that waits for it. */
export class VerifyPhone extends Screen {
  static heading = /** @type {const} */ ('verifyPhone.title');

  content() {
    return [
      h('p', {part: 'intro'}, t('verifyPhone.intro')),
      ...codeForm(this, {
        field: code('code'), resend: 'POST auth/phone/verify/resend', accept: done401, done: 'verifyPhone.done',
        send: ({code}) => ui.client.call('POST auth/phone/verify', {code}),
      }),
      h('details', {part: 'details'}, h('summary', {part: 'summary'}, t('verifyPhone.wrong')), this.form([phone()], {
        send: ({phone}) => ui.client.call('POST account/phone', {phone}), done: 'resent',
      }, {submit: 'sendCode'})),
      cancelLogin(this),
    ];
  }
}

/** The last part of the address, with the key of a mail. */
export const keyOfAddress = () => {
  const text = location.pathname.split('/').at(-1) ?? '';
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // the server refuses it
  }
};

/** Verify an address, from the link of a mail. */
export class ConfirmEmail extends Screen {
  static heading = /** @type {const} */ ('confirmEmail.title');

  async content() {
    const key = this.getAttribute('key') ?? keyOfAddress();
    /** @type {Answer} */
    const answer = await ui.client.call('GET auth/email/verify', undefined, {signal: this.signal, headers: {'X-Email-Verification-Key': key}});
    if (answer.status === 400 || answer.status === 409) return [h('p', {part: 'intro'}, t('confirmEmail.invalid')), link('', t('continue'))];
    if (answer.status !== 200) this.refuse(answer);
    return [
      h('p', {part: 'intro'}, t('confirmEmail.question', {email: answer.data.email})),
      this.button(t('confirmEmail.yes'), {
        send: () => ui.client.call('POST auth/email/verify', {key}), accept: done401, done: 'verifyEmail.done', then: () => ui.go(''),
      }, 'button primary'),
    ];
  }
}

/** Request a password reset. */
export class RequestReset extends Screen {
  static heading = /** @type {const} */ ('requestReset.title');

  content() {
    return [
      h('p', {part: 'intro'}, t('requestReset.intro')),
      this.form([email({autocomplete: 'username', value: ui.identifier, changed: (value) => (ui.identifier = value)})], {
        send: ({email}) => ui.client.call('POST auth/password/request', {email}), done: 'requestReset.sent',
      }, {submit: 'continue'}),
      h('p', {part: 'foot'}, link('login', t('login.back'))),
    ];
  }
}

/** Choose a new password, with the key of a link or with a code; or accept an invitation. */
export class ResetPassword extends Screen {
  static heading = /** @type {const} */ ('resetPassword.title');

  async content() {
    const byCode = pendingFlow({status: 401, data: ui.client.state})?.id === 'password_reset_by_code' && !this.hasAttribute('key');
    const key = byCode ? '' : this.getAttribute('key') ?? keyOfAddress();
    if (!byCode) {
      /** @type {Answer} */
      const answer = await ui.client.call('GET auth/password/reset', undefined, {signal: this.signal, headers: {'X-Password-Reset-Key': key}});
      if (answer.status === 400 || answer.status === 409) return [h('p', {part: 'intro'}, t('resetPassword.invalid')), link('password/reset', t('requestReset.title'))];
      if (answer.status !== 200) this.refuse(answer);
    }
    const fields = [...(byCode ? [code('key')] : []), newPassword('password', byCode ? {} : {params: ['password', 'key']})];
    return [
      byCode && h('p', {part: 'intro'}, t('code.sent')),
      this.form(fields, {
        send: (values) => ui.client.call('POST auth/password/reset', {key, password: '', ...values}),
        accept: done401, done: 'resetPassword.done', then: () => ui.go(''),
      }, {submit: 'resetPassword'}),
      byCode && cancelLogin(this),
    ];
  }
}

/**
 * The ways to use a second factor: a key, a code of an app, a recovery code.
 * @param {Screen} screen
 * @param {string[]} types
 * @param {{byCode: (code: string) => Promise<Answer>, byKey: () => Promise<Answer>, then?: () => void}} use
 * @returns {Array<{label: string, content: () => Child[]} | false>}
 */
export function factorWays(screen, types, {byCode, byKey, then}) {
  const form = (/** @type {Field} */ field) => screen.form([field], {send: ({code}) => byCode(code), then}, {submit: 'continue'});
  return [
    types.includes('webauthn') && supportsKeys() && {
      label: t('secondFactor.useKey'),
      content: () => [h('p', {part: 'intro'}, t('secondFactor.key')), screen.button(t('secondFactor.useKey'), {send: byKey, then}, 'button primary')],
    },
    types.includes('totp') && {
      label: t('secondFactor.useApp'),
      content: () => [h('p', {part: 'intro'}, t('secondFactor.app')), form(appCode())],
    },
    types.includes('recovery_codes') && {
      label: t('secondFactor.useRecovery'),
      content: () => [h('p', {part: 'intro'}, t('secondFactor.recovery')), form(appCode({label: 'recoveryCode', autocomplete: 'off'}))],
    },
  ];
}

/** The second factor of a login. */
export class SecondFactor extends Screen {
  static heading = /** @type {const} */ ('secondFactor.title');

  content() {
    return [
      this.ways(factorWays(this, flow('mfa_authenticate')?.types ?? ['totp', 'recovery_codes'], {
        byCode: (code) => ui.client.call('POST auth/2fa/authenticate', {code}),
        byKey: () => useKey(ui.client, 'auth/webauthn/authenticate', {signal: this.signal}),
      })),
      cancelLogin(this),
    ];
  }
}

/** Trust this browser, or not. */
export class Trust extends Screen {
  static heading = /** @type {const} */ ('trust.title');

  content() {
    const choose = (/** @type {boolean} */ trust) => ({send: () => ui.client.call('POST auth/2fa/trust', {trust})});
    return [
      h('p', {part: 'intro'}, t('trust.intro')),
      h('div', {part: 'actions'}, this.button(t('trust.yes'), choose(true), 'button primary'), this.button(t('trust.no'), choose(false))),
    ];
  }
}

/** Complete a sign-up through a provider. */
export class ProviderSignup extends Screen {
  static heading = /** @type {const} */ ('providerSignup.title');

  async content() {
    const data = await this.load('GET auth/provider/signup');
    const values = {email: data.email?.[0]?.email, username: data.user?.username};
    return [
      h('p', {part: 'intro'}, t('providerSignup.intro', {provider: data.account.provider.name, name: data.account.display})),
      this.form(signupFields(values), {send: (fields) => ui.client.call('POST auth/provider/signup', fields)}, {submit: 'signup'}),
      cancelLogin(this),
    ];
  }
}

/** Where the browser returns from a provider. Without an error the next step is shown at once. */
export class ProviderCallback extends Screen {
  static heading = /** @type {const} */ ('providerCallback.title');

  content() {
    const error = new URLSearchParams(location.search).get('error');
    const texts = /** @type {const} */ ({
      cancelled: 'providerCallback.cancelled', connected_other: 'providerCallback.connectedOther',
      reauthentication_required: 'providerCallback.reauthenticate', signup_closed: 'signup.closed',
    });
    return [
      h('p', {part: 'intro'}, t(texts[/** @type {keyof typeof texts} */ (error)] ?? 'providerCallback.failed')),
      link('', t('continue')),
    ];
  }
}
