// Passkeys: login and sign-up without a password, and the keys of an account.

import {call} from '../api.js';
import {button, form, list, section} from '../dom.js';
import {makeKey, useKey} from '../webauthn.js';

const keys = 'account/authenticators/webauthn';

export const passkeys = (app) => {
  const enabled = () => app.config.mfa?.passkey_login_enabled;
  // Sign-up with a passkey requires codes, as the address has to be verified in
  // the same session.
  const signsUp = () => enabled() && app.config.account.email_verification_by_code_enabled;

  const add = async ({name}) => app.follow(await makeKey(app.ask, keys, 'POST', {name}, '?passwordless'), 'Your passkey is added.');

  return {
    starts: {
      mfa_login_webauthn: () => section('Log in with a passkey',
        button('Use a passkey', async () => app.follow(await useKey(call, 'auth/webauthn/login')))),
      signup: () => signsUp() && form('Sign up with a passkey', {email: {label: 'Email address', type: 'email'}},
        (values) => app.step('POST', 'auth/webauthn/signup', values)),
    },

    stages: {
      mfa_signup_webauthn: () => form('Create your passkey', {name: {label: 'Name'}},
        async ({name}) => app.follow(await makeKey(call, 'auth/webauthn/signup', 'PUT', {name})), {label: 'Create'}),
    },

    settings: async () => {
      if (!enabled()) return [];
      const {data: own = []} = await call('GET', 'account/authenticators');
      return [
        section('Your passkeys', list(own.filter(({type}) => type === 'webauthn').map(({id, name}) => ({
          text: name,
          actions: [button('Remove', () => app.step('DELETE', keys, {authenticators: [id]}))],
        })))),
        form('Add a passkey', {name: {label: 'Name'}}, add, {label: 'Add'}),
      ];
    },
  };
};
