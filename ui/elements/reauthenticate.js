// The dialog in which a user authenticates again, before a change that requires it.

import {pendingFlow, useKey} from '../client/index.js';
import {h, t, ui} from './ui.js';
import {Screen} from './screen.js';
import {code, currentPassword} from './fields.js';
import {factorWays, providerButtons} from './enter.js';

/** @import {Answer, Flow} from '../client/client.js' */

/** The content of the dialog. It dispatches `done` when the user has authenticated. */
export class Reauthenticate extends Screen {
  static heading = /** @type {const} */ ('reauthenticate.title');

  /** @type {Flow[]} */
  flows = [];

  content() {
    const then = () => void this.dispatchEvent(new Event('done'));
    const flow = (/** @type {string} */ id) => this.flows.find((candidate) => candidate.id === id);
    const pending = flow('login_by_code')?.is_pending;
    const byCode = flow('login_by_code') && {label: t('reauthenticate.code'), content: () => (pending ? this.#enterCode(then) : [this.#requestCode()])};
    const factors = flow('mfa_reauthenticate')?.types ?? [];
    const providers = flow('provider_reauthenticate')?.providers ?? [];
    return [
      h('p', {part: 'intro'}, t('reauthenticate.intro')),
      this.ways([
        pending && byCode,
        flow('reauthenticate') && {label: t('reauthenticate.password'), content: () => [
          this.form([currentPassword()], {send: ({password}) => ui.client.call('POST auth/reauthenticate', {password}), then}, {submit: 'continue'}),
        ]},
        ...factorWays(this, factors, {
          byCode: (code) => ui.client.call('POST auth/2fa/reauthenticate', {code}),
          byKey: () => useKey(ui.client, 'auth/webauthn/reauthenticate', {signal: this.signal}), then,
        }),
        !pending && byCode,
        providers.length > 0 && {label: t('reauthenticate.provider'), content: () => [
          h('div', {part: 'stack'}, ...providerButtons(providers, 'login', location.pathname.slice(ui.path.length + 1))),
        ]},
      ]),
    ];
  }

  #requestCode() {
    return this.button(t('sendCode'), {
      send: async () => {
        /** @type {Answer} */
        const answer = await ui.client.call('POST auth/code/request', {});
        if (!pendingFlow(answer)) return answer;
        this.flows = answer.data.flows;
        return {status: 200};
      },
      done: 'codeSent', then: () => this.show(),
    }, 'button primary');
  }

  /** @param {() => void} then */
  #enterCode(then) {
    return [
      h('p', {part: 'intro'}, t('code.sent')),
      this.form([code('code')], {send: ({code}) => ui.client.call('POST auth/code/confirm', {code}), then}, {submit: 'continue'}),
      this.button(t('resend'), {send: () => ui.client.call('POST auth/code/resend'), done: 'resent'}, 'button plain'),
    ];
  }
}

/**
 * Shows the dialog, and returns whether the user has authenticated.
 * @param {{flows: Flow[]}} state
 * @returns {Promise<boolean>}
 */
export function reauthenticate({flows}) {
  const screen = /** @type {Reauthenticate} */ (document.createElement('allauth-reauthenticate'));
  screen.flows = flows;
  const dialog = h('dialog', {className: 'allauth', part: 'dialog', ariaLabel: t('reauthenticate.title')}, screen,
    h('form', {method: 'dialog', part: 'actions'}, h('button', {part: 'button plain', value: ''}, t('cancel'))));
  return new Promise((resolve) => {
    const left = () => ui.client.state.name !== 'reauthenticate' && ui.client.state.name !== 'signedIn' && dialog.close();
    ui.client.addEventListener('change', left); // another tab may have logged out
    screen.addEventListener('done', () => dialog.close('done'));
    dialog.onclose = () => {
      ui.client.removeEventListener('change', left);
      dialog.remove();
      resolve(dialog.returnValue === 'done');
    };
    document.body.append(dialog);
    dialog.showModal();
  });
}
