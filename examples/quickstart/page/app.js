// What the page shows follows from GET auth/session: the step that is pending,
// the ways in there are to choose from, or the account.
//
// Each room has its part in it, any of
//
//	starts    {flow: (flow) => section}        a way in
//	stages    {flow: (flow) => section}        what a login waits for
//	proofs    {flow: (flow, done) => section}  a way to prove who one is
//	pages     {path: (key) => section}         where a mail leads to
//	settings  (user) => sections               the account of who is logged in

import {call, problems} from './api.js';
import {button, show, tell, who} from './dom.js';
import {prove} from './prove.js';
import {authenticators} from './rooms/authenticators.js';
import {codes} from './rooms/codes.js';
import {email} from './rooms/email.js';
import {mfa} from './rooms/mfa.js';
import {passkeys} from './rooms/passkeys.js';
import {password} from './rooms/password.js';
import {phone} from './rooms/phone.js';
import {providers} from './rooms/providers.js';
import {sessions} from './rooms/sessions.js';

// app is what the rooms share: the server's public configuration, and the way
// from one step to the next.
const app = {config: {}, ask, follow, step};
const rooms = [password, passkeys, codes, providers, email, phone, mfa, authenticators, sessions].map((room) => room(app));

// part collects what the rooms say about one thing. Several may have their say
// about the same flow.
function part(name) {
  const all = {};
  for (const room of rooms) {
    for (const [key, make] of Object.entries(room[name] ?? {})) (all[key] ??= []).push(make);
  }
  return Object.fromEntries(Object.entries(all).map(([key, makers]) =>
    [key, (...given) => Promise.all(makers.map((make) => make(...given)))]));
}

const starts = part('starts'), stages = part('stages'), proofs = part('proofs'), pages = part('pages');

// ask sends a request, with a fresh proof of who this is if that is asked for.
function ask(method, path, body) {
  return call(method, path, body, {prove: (flows) => prove(flows, proofs)});
}

// follow shows what comes after an answer, or returns its problems.
async function follow(answer, text = '') {
  const found = problems(answer);
  if (found) return found;
  const failed = await render();
  tell(failed ?? (answer.status === 409 ? 'That is no longer possible.' : text));
}

// step sends a request and shows what comes next, or returns the problems.
async function step(method, path, body, text) {
  return follow(await ask(method, path, body), text);
}

async function stranger(flows) {
  const pending = flows.find((flow) => flow.is_pending && stages[flow.id]);
  const sections = pending
    ? [await stages[pending.id](pending), button('Start again', () => step('DELETE', 'auth/session'))]
    : await Promise.all(flows.map((flow) => starts[flow.id]?.(flow)));
  who('Nobody is logged in.');
  show(sections);
}

async function member({user}) {
  const sections = await Promise.all(rooms.map((room) => room.settings?.(user)));
  who(`${user.display} `, button('Log out', () => step('DELETE', 'auth/session', undefined, 'You are logged out.')));
  show(sections);
}

// render shows where the session stands. It returns a text if that is not known.
async function render() {
  const answer = await call('GET', 'auth/session');
  if (answer.status === 200) await member(answer.data);
  else if (answer.data?.flows) await stranger(answer.data.flows);
  else return Object.values(problems(answer) ?? {}).flat().join(' ');
}

// fromMail shows the page that a mail led to, and takes its key out of the
// address. It reports whether there is one.
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
    return text; // it is no key, and the server says so
  }
}

// failures are what may come back from a provider in place of a login.
const failures = {
  cancelled: 'You went back without logging in.',
  connected_other: 'That account belongs to somebody else here.',
  reauthentication_required: 'Prove who you are first: log in again, then connect the account.',
  signup_closed: 'Nobody can sign up at the moment.',
};

// fromProvider returns what to tell of a failure with which a provider's page
// ended.
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
