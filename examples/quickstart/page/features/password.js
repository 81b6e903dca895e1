// Sign-up, login, reset and reauthentication with a password.

import {call, problems} from '../api.js';
import {form, tell} from '../dom.js';

const email = {email: {label: 'Email address', type: 'email', autocomplete: 'username'}};
const current = {label: 'Password', type: 'password', autocomplete: 'current-password'};
const fresh = {label: 'New password', type: 'password', autocomplete: 'new-password'};

export const password = (app) => ({
  starts: {
    login: () => [
      form('Log in', {...email, password: current}, (values) => app.step('POST', 'auth/login', values)),
      form('Forgot your password?', email, (values) => app.step('POST', 'auth/password/request', values, 'The mail is on its way.'), {label: 'Mail me'}),
    ],
    signup: () => form('Sign up', {...email, password: {...fresh, label: 'Password'}}, (values) => app.step('POST', 'auth/signup', values)),
  },

  stages: {
    password_reset_by_code: () => form('Choose a new password', {key: {label: 'Code from the mail', autocomplete: 'one-time-code'}, password: fresh},
      (values) => app.step('POST', 'auth/password/reset', values, 'Your password is changed. Log in with it.')),
  },

  reauthentications: {
    reauthenticate: (flow, done) => form('Enter your password again', {password: current}, async (values) => {
      const answer = await call('POST', 'auth/reauthenticate', values);
      return answer.status === 200 ? done() : problems(answer);
    }, {label: 'Go on'}),
  },

  pages: {
    '/account/password/reset/key/': async (key) => {
      const answer = await call('GET', 'auth/password/reset', undefined, {headers: {'X-Password-Reset-Key': key}});
      if (answer.status !== 200) {
        tell('This link is no longer valid. Request a new one.');
        return null;
      }
      return form('Choose a new password', {password: fresh},
        (values) => app.step('POST', 'auth/password/reset', {key, ...values}, 'Your password is changed. Log in with it.'));
    },
  },

  settings: (user) => {
    const fields = user.has_usable_password ? {current_password: {...current, label: 'Current password'}, new_password: fresh} : {new_password: fresh};
    return form('Your password', fields, (values) => app.step('POST', 'account/password/change', values, 'Your password is changed.'), {label: 'Change'});
  },
});
