// Login with a mailed code.

import {button, form} from '../dom.js';

export const codes = (app) => ({
  starts: {
    login_by_code: () => form('Log in by code', {email: {label: 'Email address', type: 'email', autocomplete: 'username'}},
      (values) => app.step('POST', 'auth/code/request', values), {label: 'Mail me a code'}),
  },

  stages: {
    login_by_code: () => form('Enter your code', {code: {label: 'Code', autocomplete: 'one-time-code'}},
      (values) => app.step('POST', 'auth/code/confirm', values), {
        label: 'Go on',
        intro: 'We have mailed you a code.',
        more: [button('Mail another code', () => app.step('POST', 'auth/code/resend', undefined, 'Another code is on its way.'))],
      }),
  },
});
