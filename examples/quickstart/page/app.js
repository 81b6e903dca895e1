// GET auth/session decides what the page shows: the pending step of a login, the
// ways to log in, or the account.
//
// Each feature has some of these parts:
//
//	starts            {flow: (flow) => section}        a way to log in or sign up
//	stages            {flow: (flow) => section}        a pending step of a login
//	reauthentications {flow: (flow, done) => section}  a way to reauthenticate
//	pages             {path: (key) => section}         a page that mails link to
//	settings          (user) => sections               a part of the user's account

import {call, problems} from './api.js';
import {button, show, tell, who} from './dom.js';
import {reauthenticate} from './reauthenticate.js';
import {authenticators} from './features/authenticators.js';
import {codes} from './features/codes.js';
import {email} from './features/email.js';
import {mfa} from './features/mfa.js';
import {passkeys} from './features/passkeys.js';
import {password} from './features/password.js';
import {phone} from './features/phone.js';
import {providers} from './features/providers.js';
import {sessions} from './features/sessions.js';

// app is what the features share: the server's configuration, and functions that
// send requests and show the next step.
const app = {config: {}, ask, follow, step};
const features = [password, passkeys, codes, providers, email, phone, mfa, authenticators, sessions].map((feature) => feature(app));

// part collects one part of all features. Several features may have a section for
// the same flow.
function part(name) {
  const all = {};
  for (const feature of features) {
    for (const [key, make] of Object.entries(feature[name] ?? {})) (all[key] ??= []).push(make);
  }
  return Object.fromEntries(Object.entries(all).map(([key, makers]) =>
    [key, (...given) => Promise.all(makers.map((make) => make(...given)))]));
}

const starts = part('starts'), stages = part('stages'), pages = part('pages');
const reauthentications = part('reauthentications');

// ask sends a request, and lets the user reauthenticate if that is required.
function ask(method, path, body) {
  return call(method, path, body, {reauthenticate: (flows) => reauthenticate(flows, reauthentications)});
}

// follow shows the next step after a response, or returns its problems.
async function follow(answer, text = '') {
  const found = problems(answer);
  if (found) return found;
  const failed = await render();
  tell(failed ?? (answer.status === 409 ? 'That is no longer possible.' : text));
}

// step sends a request and shows the next step, or returns the problems.
async function step(method, path, body, text) {
  return follow(await ask(method, path, body), text);
}

async function loggedOut(flows) {
  const pending = flows.find((flow) => flow.is_pending && stages[flow.id]);
  const sections = pending
    ? [await stages[pending.id](pending), button('Start again', () => step('DELETE', 'auth/session'))]
    : await Promise.all(flows.map((flow) => starts[flow.id]?.(flow)));
  who('You are not logged in.');
  show(sections);
}

async function loggedIn({user}) {
  const sections = await Promise.all(features.map((feature) => feature.settings?.(user)));
  who(`${user.display} `, button('Log out', () => step('DELETE', 'auth/session', undefined, 'You are logged out.')));
  show(sections);
}

// render shows the state of the session, or returns a message if it is not known.
async function render() {
  const answer = await call('GET', 'auth/session');
  if (answer.status === 200) await loggedIn(answer.data);
  else if (answer.data?.flows) await loggedOut(answer.data.flows);
  else return Object.values(problems(answer) ?? {}).flat().join(' ');
}

// fromMail shows the page that a mail links to, and removes the key from the URL.
// It returns whether there is one.
async function fromMail() {
  const prefix = Object.keys(pages).find((path) => location.pathname.startsWith(path));
  if (!prefix) return false;
  const key = decoded(location.pathname.slice(prefix.length));
  history.replaceState(null, '', '/');
  const shown = (await pages[prefix](key)).filter(Boolean);
  if (shown.length > 0) show(shown);
  return shown.length > 0;
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // the server refuses it as a key
  }
}

// failures are the messages for errors of a login through a provider.
const failures = {
  cancelled: 'You went back without logging in.',
  connected_other: 'Another user has connected that account.',
  reauthentication_required: 'Log in again, then connect the account.',
  signup_closed: 'Sign-up is closed at the moment.',
};

// fromProvider returns the message for the error in the URL, if the browser comes
// from a provider.
function fromProvider() {
  const error = new URLSearchParams(location.search).get('error');
  if (!error) return '';
  history.replaceState(null, '', '/');
  return failures[error] ?? 'The provider did not log you in.';
}

async function start() {
  app.config = (await call('GET', 'config')).data ?? {};
  const text = fromProvider();
  if (await fromMail()) return;
  const failed = await render();
  if (failed || text) tell(failed ?? text);
}

start();
