// The screens of the account of a logged-in user.

import {createKey, signalKeys, supportsKeys} from '../client/index.js';
import {address, browserName, dateTime, day, h, has, nextTarget, t, ui} from './ui.js';
import {confirmed, Screen, shown} from './screen.js';
import {appCode, code, email, Field, keyName, newPassword, phone} from './fields.js';
import {cancelLogin, codeForm, keyOfAddress, providerButtons} from './enter.js';
import {qrCode} from './qr.js';

/**
 * @import {Answer} from '../client/client.js'
 * @import {Child} from './screen.js'
 * @import {Text} from './ui.js'
 * @import {ActivityEvent, EmailAddress, Key, PhoneNumber, ProviderAccount, Session} from '../client/api.js'
 */

const keys = 'account/authenticators/webauthn';

/** The logged-in user. */
const user = () => ('user' in ui.client.state ? ui.client.state.user : undefined);

/**
 * A list of things with their badges and buttons.
 * @param {Array<{title: string, details?: string[], badges?: Array<string | false | undefined>, actions?: Child[]}>} items
 */
function list(items) {
  return h('ul', {part: 'list'}, ...items.map(({title, details = [], badges = [], actions = []}) => h('li', {part: 'item'},
    h('div', {part: 'about'},
      h('p', {part: 'title'}, h('bdi', {}, title), ...badges.filter((text) => typeof text === 'string').map((text) => h('span', {part: 'badge'}, text))),
      ...details.filter(Boolean).map((text) => h('p', {part: 'detail'}, text))),
    h('div', {part: 'actions'}, ...actions))));
}

/**
 * A link to a screen, with what it is about.
 * @param {string} path
 * @param {Text} title
 * @param {string} [status]
 */
const row = (path, title, status = '') => h('li', {},
  h('a', {part: 'row', href: address(path)}, h('span', {part: 'title'}, t(title)), h('span', {part: 'detail'}, h('bdi', {}, status))));

/** @param {Text} name */
const heading = (name) => h('h2', {part: 'subheading'}, t(name));

/** When something was last used, in words. @param {number | null} at */
const lastUsed = (at) => (at ? t('lastUsed', {at: dateTime(at)}) : t('neverUsed'));

/** The account: who the user is, and links to all that they can change. */
export class Profile extends Screen {
  static heading = /** @type {const} */ ('profile.title');

  async content() {
    const types = ui.config?.mfa?.supported_types ?? [];
    const [emails, phones, factors, accounts, sessions, deletion] = await Promise.all([
      this.load('GET account/email', {optional: true}),
      has('account/phone') ? this.load('GET account/phone', {optional: true}) : undefined,
      types.length > 0 ? this.load('GET account/authenticators', {optional: true}) : undefined,
      ui.config?.socialaccount?.providers.length ? this.load('GET account/providers', {optional: true}) : undefined,
      has('auth/sessions') ? this.load('GET auth/sessions', {optional: true}) : undefined,
      has('account/deletion') ? this.load('GET account/deletion', {optional: true}) : undefined,
    ]);
    const {display = '', email, has_usable_password: hasPassword} = user() ?? {};
    const own = /** @type {Array<{type: string}>} */ (factors ?? []);
    return [
      h('div', {part: 'identity'}, h('p', {part: 'title'}, h('bdi', {}, display)), email && email !== display && h('p', {part: 'detail'}, h('bdi', {}, email))),
      deletion && h('p', {part: 'warning'}, t('delete.due', {day: day(deletion.due_at)}), ' ', h('a', {part: 'link', href: address('delete')}, t('delete.cancel'))),
      h('ul', {part: 'rows'},
        emails && row('email', 'emails.title', emails.find((/** @type {EmailAddress} */ one) => one.primary)?.email),
        phones && row('phone', 'phone.title', phones[0]?.phone ?? t('none')),
        row('password/change', 'password.title', t(hasPassword ? 'isSet' : 'isNotSet')),
        factors && row('2fa', 'factors.title', t(own.some(({type}) => type !== 'recovery_codes') ? 'isOn' : 'isOff')),
        accounts && row('providers', 'connections.title', accounts.map((/** @type {ProviderAccount} */ {provider}) => provider.name).join(', ') || t('none')),
        sessions && row('sessions', 'sessions.title', t('sessions.count', {count: sessions.length})),
        ui.endpoints?.includes('account/activity') && row('activity', 'activity.title'),
        ui.endpoints?.includes('account/deletion') && row('delete', 'delete.title')),
      h('div', {part: 'actions'},
        this.button(t('logout'), {send: () => ui.client.call('DELETE auth/session'), accept: [200, 401], done: 'loggedOut'}),
        ui.endpoints?.includes('account/export') && this.button(t('export'), {send: () => ui.client.call('GET account/export'), then: (answer) => download('account.json', JSON.stringify(answer.data, null, '  '))})),
    ];
  }
}

/**
 * Saves a text as a file.
 * @param {string} name
 * @param {string} text
 */
function download(name, text) {
  const href = URL.createObjectURL(new Blob([text], {type: 'text/plain'}));
  h('a', {href, download: name}).click();
  setTimeout(() => URL.revokeObjectURL(href), 1000);
}

/** The email addresses. */
export class Emails extends Screen {
  static heading = /** @type {const} */ ('emails.title');
  static back = '';

  async content() {
    const place = h('div', {}), verification = h('div', {part: 'section'});
    const byCode = ui.config?.account.email_verification_by_code_enabled;
    const update = async () => place.replaceChildren(list((await this.load('GET account/email')).map(item)));
    const enterCode = (/** @type {string} */ to) => byCode && verification.replaceChildren(...shown([
      heading('verifyEmail.title'), h('p', {part: 'intro'}, t('code.sentTo', {to})),
      ...codeForm(this, {
        field: code('key'), resend: 'POST auth/email/verify/resend', done: 'verifyEmail.done',
        send: ({key}) => ui.client.call('POST auth/email/verify', {key}),
        then: () => {
          verification.replaceChildren();
          return update();
        },
      }),
    ]));
    const item = (/** @type {EmailAddress} */ {email, primary, verified}) => ({
      title: email, badges: [primary && t('emails.primary'), !verified && t('emails.unverified')],
      actions: [
        !verified && this.button(t('emails.verify'), {send: () => ui.client.call('PUT account/email', {email}), done: byCode ? 'codeSent' : 'linkSent', then: () => { enterCode(email); }}),
        verified && !primary && this.button(t('emails.makePrimary'), {send: () => ui.client.call('PATCH account/email', {email, primary: true}), done: 'saved', then: update}),
        !primary && this.dangerous(t('remove'), t('emails.confirmRemoval', {email}), {send: () => ui.client.call('DELETE account/email', {email}), done: 'removed', then: update}),
      ],
    });
    await update();
    const address = email();
    return [place, verification, heading('emails.add'), this.form([address], {
      send: ({email}) => ui.client.call('POST account/email', {email}), done: byCode ? 'codeSent' : 'linkSent',
      then: () => {
        enterCode(address.value);
        address.clear();
        return update();
      },
    }, {submit: 'add'})];
  }
}

/** The phone number. */
export class Phone extends Screen {
  static heading = /** @type {const} */ ('phone.title');
  static back = '';

  async content() {
    const place = h('p', {part: 'intro'}), verification = h('div', {part: 'section'});
    const update = async () => {
      const own = /** @type {PhoneNumber[]} */ (await this.load('GET account/phone'));
      place.textContent = own.map(({phone, verified}) => (verified ? phone : t('phone.unverified', {phone}))).join(', ') || t('none');
    };
    await update();
    const number = phone();
    return [place, verification, this.form([number], {
      send: ({phone}) => ui.client.call('POST account/phone', {phone}), done: 'codeSent',
      then: (answer) => {
        number.clear();
        verification.replaceChildren(...shown([
          heading('verifyPhone.title'), h('p', {part: 'intro'}, t('code.sentTo', {to: answer.data[0].phone})),
          ...codeForm(this, {
            field: code('code'), resend: 'POST auth/phone/verify/resend', done: 'verifyPhone.done',
            send: ({code}) => ui.client.call('POST auth/phone/verify', {code}),
            then: () => {
              verification.replaceChildren();
              return update();
            },
          }),
        ]));
      },
    }, {submit: 'sendCode'})];
  }
}

/** Change the password, or set the first one. */
export class Password extends Screen {
  static heading = /** @type {const} */ ('password.title');
  static back = '';

  content() {
    const hasPassword = user()?.has_usable_password;
    const current = new Field('current_password', {label: 'currentPassword', type: 'password', autocomplete: 'current-password'});
    const name = h('input', {hidden: true, readOnly: true, autocomplete: 'username', value: user()?.email ?? user()?.username ?? ''}); // for password managers
    const form = this.form([...(hasPassword ? [current] : []), newPassword('new_password')], {
      send: ({current_password, new_password}) => ui.client.call('POST account/password/change', {current_password, new_password}),
      done: 'password.done', then: () => ui.go(''),
    }, {submit: 'save'});
    form.prepend(name);
    return [!hasPassword && h('p', {part: 'intro'}, t('password.first')), form];
  }
}

/** The second factors and keys. */
export class Factors extends Screen {
  static heading = /** @type {const} */ ('factors.title');
  static back = '';

  async content() {
    /** @type {Array<any>} */
    const own = await this.load('GET account/authenticators');
    const types = ui.config?.mfa?.supported_types ?? [];
    const app = own.find(({type}) => type === 'totp'), codes = own.find(({type}) => type === 'recovery_codes');
    const ownKeys = own.filter(({type}) => type === 'webauthn');
    return [
      h('p', {part: 'intro'}, t('factors.intro')),
      h('ul', {part: 'rows'},
        types.includes('totp') && row('2fa/totp', 'totp.title', t(app ? 'isOn' : 'isOff')),
        types.includes('webauthn') && row('2fa/webauthn', 'keys.title', ownKeys.map((/** @type {Key} */ {name}) => name).join(', ') || t('none')),
        codes && row('2fa/recovery-codes', 'recoveryCodes.title', t('recoveryCodes.left', {unused: codes.unused_code_count, total: codes.total_code_count}))),
    ];
  }
}

/** Set up the authenticator app, or remove it. */
export class TOTP extends Screen {
  static heading = /** @type {const} */ ('totp.title');
  static back = '2fa';

  async content() {
    /** @type {Answer} */
    const answer = await ui.client.call('GET account/authenticators/totp', undefined, {signal: this.signal});
    if (answer.status === 200) {
      const {created_at: created, last_used_at: used} = answer.data;
      return [
        h('p', {part: 'intro'}, t('totp.since', {day: day(created)}) + ' ' + lastUsed(used)),
        h('div', {part: 'actions'}, this.dangerous(t('totp.remove'), t('totp.confirmRemoval'), {
          send: () => ui.client.call('DELETE account/authenticators/totp'), done: 'removed', then: () => ui.go('2fa'),
        })),
      ];
    }
    if (!answer.meta?.totp_url) this.refuse(answer);
    return setUpApp(this, answer.meta, afterwards);
  }
}

/** Users save their recovery codes after a new second factor. */
const afterwards = () => ui.go(ui.config?.mfa?.supported_types.includes('recovery_codes') ? '2fa/recovery-codes' : '2fa');

/**
 * How to set up an authenticator app with a secret.
 * @param {Screen} screen
 * @param {{secret: string, totp_url: string}} meta
 * @param {() => void | Promise<void>} then
 * @returns {Child[]}
 */
function setUpApp(screen, {secret, totp_url: url}, then) {
  return [
    h('p', {part: 'intro'}, t('totp.scan')),
    h('div', {part: 'setup'}, qrCode(url, t('totp.qr')), h('div', {},
      h('p', {part: 'detail'}, t('totp.type')), h('code', {part: 'code'}, secret.replace(/(.{4})(?=.)/g, '$1 ')),
      h('div', {part: 'actions'}, copyButton(screen, secret), h('a', {part: 'link', href: url}, t('totp.open'))))),
    screen.form([appCode()], {send: ({code}) => ui.client.call('POST account/authenticators/totp', {code}), done: 'totp.done', then}, {submit: 'totp.turnOn'}),
  ];
}

/** Add the second factor that a login waits for. */
export class Enroll extends Screen {
  static heading = /** @type {const} */ ('enroll.title');

  async content() {
    const {state} = ui.client;
    const types = state.name === 'pending' ? state.flow.types ?? [] : [];
    /** @type {Answer} */
    const app = types.includes('totp') ? await ui.client.call('GET account/authenticators/totp', undefined, {signal: this.signal}) : {status: 0};
    const then = async () => {
      await ui.client.call('GET auth/session'); // the login has continued
      if (ui.client.state.name === 'signedIn') afterwards();
    };
    const query = ui.config?.mfa?.passkey_login_enabled ? '?passwordless' : '';
    return [
      h('p', {part: 'intro'}, t('enroll.intro')),
      this.ways([
        types.includes('webauthn') && supportsKeys() && {label: t('keys.addKey'), content: () => [this.form([keyName()], {
          send: ({name}) => createKey(ui.client, `POST ${keys}`, {name, query, signal: this.signal}), done: 'keys.done', then,
        }, {submit: query ? 'keys.addPasskey' : 'keys.addKey'})]},
        app.meta?.totp_url && {label: t('secondFactor.useApp'), content: () => setUpApp(this, app.meta, then)},
      ]),
      cancelLogin(this),
    ];
  }
}

/**
 * @param {Screen} screen
 * @param {string} text
 */
function copyButton(screen, text) {
  return h('button', {part: 'button', type: 'button', onclick: async () => {
    try {
      await navigator.clipboard.writeText(text);
      screen.tell(t('copied'));
    } catch {
      screen.warn(t('notCopied'));
    }
  }}, t('copy'));
}

/** The recovery codes, to copy, save or print. */
export class RecoveryCodes extends Screen {
  static heading = /** @type {const} */ ('recoveryCodes.title');
  static back = '2fa';

  async content() {
    const place = h('div', {});
    const show = (/** @type {any} */ {unused_codes: codes, unused_code_count: unused, total_code_count: total}) => {
      const text = (codes ?? []).join('\n') + '\n';
      place.replaceChildren(...shown([
        h('p', {part: 'intro'}, t(codes ? 'recoveryCodes.intro' : 'recoveryCodes.shown'), ' ', t('recoveryCodes.left', {unused, total})),
        codes && h('ul', {part: 'codes'}, ...codes.map((/** @type {string} */ one) => h('li', {}, h('code', {}, one)))),
        codes && h('div', {part: 'actions'}, copyButton(this, text),
          h('button', {part: 'button', type: 'button', onclick: () => download(`${ui.siteName || location.hostname} recovery codes.txt`, text)}, t('download')),
          h('button', {part: 'button', type: 'button', onclick: () => print()}, t('print'))),
      ]));
    };
    const data = await this.load('GET account/authenticators/recovery-codes', {optional: true});
    if (data) show(data);
    const next = nextTarget(); // of a login that had to add a second factor
    const renew = h('button', {part: 'button', type: 'button'}, t('recoveryCodes.renew'));
    renew.onclick = async () => {
      if (data && !await confirmed(t('recoveryCodes.confirmRenewal'), t('recoveryCodes.renew'))) return;
      this.act(renew, {send: () => ui.client.call('POST account/authenticators/recovery-codes'), done: 'recoveryCodes.done', then: (answer) => show(answer.data)});
    };
    return [!data && h('p', {part: 'intro'}, t('recoveryCodes.none')), place, h('div', {part: 'actions'}, renew, ...(next ? [h('a', {part: 'button primary', href: next}, t('continue'))] : []))];
  }
}

/** Security keys and passkeys. */
export class Keys extends Screen {
  static heading = /** @type {const} */ ('keys.title');
  static back = '2fa';

  async content() {
    const place = h('div', {});
    /** @type {Key[]} */
    let own = [];
    const update = async () => {
      own = (await this.load('GET account/authenticators')).filter((/** @type {Key} */ {type}) => type === 'webauthn');
      place.replaceChildren(own.length > 0 ? list(own.map(item)) : h('p', {part: 'intro'}, t('keys.none')));
    };
    const changed = async () => {
      await update();
      signalKeys(ui.client, own);
    };
    const item = (/** @type {Key} */ key) => ({
      title: key.name, badges: [key.is_passwordless && t('keys.passkey')],
      details: [t('keys.added', {day: day(key.created_at)}), lastUsed(key.last_used_at)],
      actions: [
        h('button', {part: 'button', type: 'button', onclick: () => this.#rename(key, changed)}, t('rename')),
        this.dangerous(t('remove'), t('keys.confirmRemoval', {name: key.name}), {
          send: () => ui.client.call(`DELETE ${keys}`, {authenticators: [key.id]}), done: 'removed',
          then: async () => {
            const earlier = own;
            await update();
            signalKeys(ui.client, earlier);
          },
        }),
      ],
    });
    await update();
    if (!supportsKeys()) return [place, h('p', {part: 'intro'}, t('unsupported'))];
    const name = keyName();
    const passkeys = ui.config?.mfa?.passkey_login_enabled;
    const add = (/** @type {string} */ query) => createKey(ui.client, `POST ${keys}`, {name: name.value, query, signal: this.signal});
    const then = async (/** @type {Answer} */ answer) => {
      name.clear();
      if (answer.meta?.recovery_codes_generated) return ui.go('2fa/recovery-codes');
      await changed();
    };
    const done = (/** @type {Answer} */ answer) => t(answer.meta?.recovery_codes_generated ? 'keys.doneWithCodes' : 'keys.done');
    return [place, heading('keys.add'), this.form([name], {send: () => add(passkeys ? '?passwordless' : ''), done, then}, {
      submit: passkeys ? 'keys.addPasskey' : 'keys.addKey',
      more: [passkeys && this.button(t('keys.addKey'), {send: () => add(''), done, then})],
    })];
  }

  /**
   * @param {Key} key
   * @param {() => Promise<void>} changed
   */
  #rename(key, changed) {
    const dialog = h('dialog', {className: 'allauth', part: 'dialog'});
    const name = keyName({value: key.name, optional: false, hint: undefined});
    const form = this.form([name], {
      send: ({name}) => ui.client.call(`PUT ${keys}`, {id: key.id, name}), done: 'saved',
      then: () => {
        dialog.close();
        return changed();
      },
    }, {submit: 'save', more: [h('button', {part: 'button', type: 'button', onclick: () => dialog.close()}, t('cancel'))]});
    dialog.ariaLabel = t('rename');
    dialog.append(form);
    dialog.onclose = () => dialog.remove();
    this.append(dialog);
    dialog.showModal();
  }
}

/** Accounts at providers. */
export class Connections extends Screen {
  static heading = /** @type {const} */ ('connections.title');
  static back = '';

  async content() {
    const accounts = /** @type {ProviderAccount[]} */ (await this.load('GET account/providers'));
    const ids = (ui.config?.socialaccount?.providers ?? []).map(({id}) => id);
    return [
      accounts.length > 0 ? list(accounts.map(({uid, display, provider}) => ({
        title: provider.name, details: [display],
        actions: [this.dangerous(t('disconnect'), t('connections.confirmRemoval', {provider: provider.name}), {
          send: () => ui.client.call('DELETE account/providers', {provider: provider.id, account: uid}), done: 'removed', then: () => this.show(),
        })],
      }))) : h('p', {part: 'intro'}, t('connections.none')),
      h('div', {part: 'stack'}, ...providerButtons(ids, 'connect', 'providers')),
    ];
  }
}

/** Where the user is logged in. */
export class Sessions extends Screen {
  static heading = /** @type {const} */ ('sessions.title');
  static back = '';

  async content() {
    const own = /** @type {Session[]} */ (await this.load('GET auth/sessions'));
    const end = (/** @type {number[]} */ sessions) => ({
      send: () => ui.client.call('DELETE auth/sessions', {sessions}), done: /** @type {const} */ ('sessions.ended'), then: () => this.show(),
    });
    const others = own.filter((one) => !one.is_current).map(({id}) => id);
    return [
      h('p', {part: 'intro'}, t('sessions.intro')),
      list(own.sort((a, b) => Number(b.is_current) - Number(a.is_current) || b.created_at - a.created_at).map((one) => ({
        title: browserName(one.user_agent), badges: [one.is_current && t('sessions.current')],
        details: [one.ip, one.last_seen_at ? t('sessions.lastSeen', {at: dateTime(one.last_seen_at)}) : t('sessions.since', {at: dateTime(one.created_at)})],
        actions: [!one.is_current && this.button(t('sessions.end'), end([one.id]))],
      }))),
      others.length > 1 && h('div', {part: 'actions'}, this.dangerous(t('sessions.endOthers'), t('sessions.confirm'), end(others))),
    ];
  }
}

/** What happened in the account. */
export class Activity extends Screen {
  static heading = /** @type {const} */ ('activity.title');
  static back = '';

  async content() {
    const place = h('div', {});
    const more = this.button(t('activity.more'), {send: () => page(), then: (answer) => add(answer.data)});
    let cursor = '';
    const page = () => ui.client.call('GET account/activity', undefined, {signal: this.signal, query: cursor && '?cursor=' + encodeURIComponent(cursor)});
    const add = (/** @type {{events: ActivityEvent[], next?: string}} */ {events, next = ''}) => {
      place.append(list(events.map(describe)));
      cursor = next;
      more.hidden = next === '';
    };
    add(await this.load('GET account/activity'));
    return [h('p', {part: 'intro'}, t('activity.intro')), place, more];
  }
}

/** An event in words. @param {ActivityEvent} event */
function describe({type, at, ip, user_agent: agent, actor, details}) {
  const name = /** @type {Text} */ ('event.' + type);
  const {email, to, number, phone, provider} = details;
  return {
    title: name in ui.texts ? t(name) : type,
    badges: [actor === 'administrator' && t('activity.administrator')],
    details: [email ?? to ?? number ?? phone ?? provider ?? '', [dateTime(at), agent && browserName(agent), ip].filter(Boolean).join(' · ')],
  };
}

/** Delete the account, or cancel its deletion. */
export class Delete extends Screen {
  static heading = /** @type {const} */ ('delete.title');
  static back = '';

  async content() {
    const requested = await this.load('GET account/deletion', {optional: true});
    if (requested) {
      return [
        h('p', {part: 'warning'}, t('delete.due', {day: day(requested.due_at)})),
        h('div', {part: 'actions'}, this.button(t('delete.cancel'), {send: () => ui.client.call('DELETE account/deletion'), done: 'delete.cancelled', then: () => this.show()}, 'button primary')),
      ];
    }
    return [
      h('p', {part: 'intro'}, t('delete.intro')),
      h('div', {part: 'actions'}, this.dangerous(t('delete.yes'), t('delete.confirm'), {
        send: () => ui.client.call('POST account/deletion'),
        done: (answer) => t('delete.requested', {day: day(answer.data.due_at)}),
        then: async () => {
          await ui.client.call('GET auth/session'); // all sessions have ended
          ui.go('login');
        },
      })),
    ];
  }
}

/** What a login alert lists, by type. @type {Record<string, Text>} */
const added = {
  email: 'email', phone: 'phone', password: 'password', session: 'sessions.title', provider: 'connections.title',
  totp: 'totp.title', recovery_codes: 'recoveryCodes.title', webauthn: 'keys.title',
};

/** A login from a new device, from the link of a mail. The user may not be logged in. */
export class LoginAlert extends Screen {
  static heading = /** @type {const} */ ('loginAlert.title');

  async content() {
    const key = this.getAttribute('key') ?? keyOfAddress();
    /** @type {Answer} */
    const answer = await ui.client.call('GET account/login-alert', undefined, {signal: this.signal, headers: {'X-Login-Alert-Key': key}});
    if (answer.status === 400 || answer.status === 404) return [h('p', {part: 'intro'}, t('loginAlert.invalid')), h('a', {part: 'link', href: address('')}, t('continue'))];
    if (answer.status !== 200) this.refuse(answer);
    const place = h('div', {part: 'section'});
    const show = (/** @type {import('../client/api.js').LoginAlertResponse['data']} */ {at, ip, user_agent: agent, since}) => place.replaceChildren(...shown([
      list([{title: browserName(agent), details: [ip, dateTime(at)]}]),
      since.length > 0 && heading('loginAlert.since'),
      since.length > 0 && list(since.map(({type, name, at}) => ({title: t(added[type] ?? 'none'), details: [name ?? '', at ? dateTime(at) : '']}))),
    ]));
    show(answer.data);
    const actions = h('div', {part: 'actions'}, this.dangerous(t('loginAlert.no'), t('loginAlert.confirm'), {
      send: () => ui.client.call('POST account/login-alert', {key}),
      done: ({data}) => t(data.reset_sent ? 'loginAlert.doneWithReset' : 'loginAlert.done'),
      then: async ({data}) => {
        show(data);
        actions.remove();
        await ui.client.call('GET auth/session'); // all sessions have ended
      },
    }));
    return [h('p', {part: 'intro'}, t('loginAlert.intro')), place, actions];
  }
}
