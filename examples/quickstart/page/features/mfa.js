// The second factor of a login: a code or a key.

import {call, problems} from '../api.js';
import {button, form, section} from '../dom.js';
import {useKey} from '../webauthn.js';

const code = {code: {label: 'Code from your app, or a recovery code', autocomplete: 'one-time-code'}};

export const mfa = (app) => {
  // ways returns the sections for the user's types of authenticators.
  const ways = ({types}, byCode, byKey) => [
    types.some((type) => type !== 'webauthn') && form('Your second factor', code, byCode, {label: 'Go on'}),
    types.includes('webauthn') && section('Your security key', button('Use your key', byKey)),
  ].filter(Boolean);

  return {
    stages: {
      mfa_authenticate: (flow) => ways(flow,
        (values) => app.step('POST', 'auth/2fa/authenticate', values),
        async () => app.follow(await useKey(call, 'auth/webauthn/authenticate'))),
      mfa_trust: () => section('Do you trust this browser?', 'It will not ask for a second factor for a while.',
        button('Trust it', () => app.step('POST', 'auth/2fa/trust', {trust: true})),
        button('Ask again', () => app.step('POST', 'auth/2fa/trust', {trust: false}))),
    },

    reauthentications: {
      mfa_reauthenticate: (flow, done) => {
        const judge = (answer) => (answer.status === 200 ? done() : problems(answer));
        return ways(flow,
          async (values) => judge(await call('POST', 'auth/2fa/reauthenticate', values)),
          async () => judge(await useKey(call, 'auth/webauthn/reauthenticate')));
      },
    },
  };
};
