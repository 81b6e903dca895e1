// What the page shows follows from GET auth/session: the flow that is pending,
// the flows there are to choose from, or the account.

import {call, problems} from './api.js';
import {button, form, show, tell, who} from './form.js';
import {account} from './account.js';
import {prove} from './prove.js';

const email = {email: {label: 'E-mail address', type: 'email', autocomplete: 'username'}};
const password = {password: {label: 'Password', type: 'password', autocomplete: 'current-password'}};
const newPassword = {password: {label: 'New password', type: 'password', autocomplete: 'new-password'}};
const code = {code: {label: 'Code', autocomplete: 'one-time-code'}};

// step sends a request and shows what comes next, or the problems.
export async function step(method, path, body, text) {
  const answer = await call(method, path, body, {prove});
  if (answer.status === 400) return problems(answer);
  if (answer.status === 403) return {'': ['This is not allowed.']};
  if (answer.status === 429) return {'': [`Too many attempts. Wait ${answer.retryAfter} seconds.`]};
  if (answer.status >= 500) return {'': ['The server can not do this now.']};
  tell(answer.status === 409 ? 'That is over. Start again.' : text ?? '');
  await render();
}

// starts are the flows that a stranger can choose from.
const starts = {
  login: () => form('Log in', {...email, ...password}, (values) => step('POST', 'auth/login', values)),
  login_by_code: () => form('Log in by code', email, (values) => step('POST', 'auth/code/request', values, 'The code is in the mail.'), 'Mail me a code'),
  signup: () => form('Sign up', {...email, password: {...newPassword.password, label: 'Password'}}, (values) => step('POST', 'auth/signup', values, 'Open the link in the mail.')),
};

// stages are what a login may wait for.
const stages = {
  verify_email: () => form('Verify your address', {}, () => step('GET', 'auth/session', undefined, 'Open the link in the mail, then log in.'), 'I have opened the link'),
  login_by_code: () => form('Enter the code from the mail', code, (values) => step('POST', 'auth/code/confirm', values)),
};

const forgotten = () => form('Forgot your password?', email, (values) => step('POST', 'auth/password/request', values, 'The link is in the mail.'), 'Mail me a link');

function stranger(flows) {
  who('Nobody is logged in.');
  const pending = flows.find((flow) => flow.is_pending && stages[flow.id]);
  if (pending) {
    show(stages[pending.id](pending), button('Start again', () => step('DELETE', 'auth/session')));
    return;
  }
  show(...flows.map((flow) => starts[flow.id]?.(flow)), forgotten());
}

async function member(data) {
  who(`${data.user.display} `, button('Log out', () => step('DELETE', 'auth/session', undefined, 'You are logged out.')));
  show(...await account(step));
}

export async function render() {
  const answer = await call('GET', 'auth/session');
  if (answer.status === 200) await member(answer.data);
  else stranger(answer.data.flows);
}

// pages are where mails lead.
const pages = {
  '/account/verify-email/': (key) => form('Verify your address', {}, () => leave('POST', 'auth/email/verify', {key}, 'Your address is verified.'), 'Verify'),
  '/account/password/reset/key/': (key) => form('Choose a new password', newPassword, (values) => leave('POST', 'auth/password/reset', {key, ...values}, 'Your password is changed. Log in with it.')),
};

// leave is step for a page that a mail led to: what comes next is at the root.
async function leave(method, path, body, text) {
  const answer = await call(method, path, body);
  if (answer.status === 400) return problems(answer);
  history.replaceState(null, '', '/');
  tell(text);
  await render();
}

async function start() {
  const [prefix, page] = Object.entries(pages).find(([path]) => location.pathname.startsWith(path)) ?? [];
  if (page) {
    await call('GET', 'config'); // brings the CSRF token
    show(page(decodeURIComponent(location.pathname.slice(prefix.length))));
    return;
  }
  const failed = new URLSearchParams(location.search).get('error');
  if (failed) tell(`The provider did not log you in: ${failed}.`);
  await render();
}

start();
