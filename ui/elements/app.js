// All screens under real addresses: <allauth-app> shows the one of the address, or the one
// that the state of the session leads to.

import {signalKeys, upgradeToPasskey} from '../client/index.js';
import {address, configure, h, nextTarget, t, ui} from './ui.js';
import {reauthenticate} from './reauthenticate.js';
import {Screen} from './screen.js';
import routes from './routes.js';

/** @import {State} from '../client/client.js' */
/** @typedef {{screen: string, for: string}} Route */

/** @type {Record<string, Route>} */
const table = routes;

/** How long a login waits for the password manager, in milliseconds. */
const passkeyPatience = 3000;

/** The path of the address below ui.path, and its route. */
function current() {
  const path = location.pathname.slice(ui.path.length).replace(/^\/|\/$/g, '');
  const found = Object.keys(table).find((pattern) => pattern === path)
    ?? Object.keys(table).find((pattern) => pattern.endsWith('/{key}') && path.startsWith(pattern.slice(0, -5)));
  return {path, route: found === undefined ? undefined : table[found]};
}

/** Whether users may see a screen in a state. @param {Route} route @param {State} state */
function fits(route, state) {
  switch (route.for) {
    case 'all': return true;
    case 'in': return state.name === 'signedIn' || state.name === 'reauthenticate';
    case 'out': return state.name === 'signedOut' || state.name === 'pending';
    default: return state.name === 'pending' && state.flow.id === route.for;
  }
}

/** The path of the screen that a state leads to. @param {State} state */
function pathOf(state) {
  if (state.name === 'signedIn' || state.name === 'reauthenticate') return '';
  const flow = state.name === 'pending' ? state.flow.id : '';
  return Object.keys(table).find((path) => table[path].for === flow) ?? 'login';
}

/** The page of all screens. */
export class App extends HTMLElement {
  /** @type {Screen | undefined} */
  #screen;
  #shown = ''; // the address of the screen
  #leaving = false;

  async connectedCallback() {
    await configure(JSON.parse(this.getAttribute('settings') ?? '{}'));
    ui.go = (path) => this.#navigate(path);
    ui.settle = (options) => this.#settle(options);
    ui.client.reauthenticate = reauthenticate;
    ui.client.addEventListener('change', () => this.#changed());
    addEventListener('popstate', () => this.#show());
    addEventListener('pageshow', (event) => event.persisted && ui.client.call('GET auth/session'));
    this.addEventListener('click', (event) => this.#follow(event));
    if (ui.client.state.name === 'unknown') return this.#unreachable();
    await this.#show();
  }

  /** Without a session the page can only be tried again. */
  #unreachable() {
    const retry = h('button', {part: 'button primary', type: 'button', onclick: () => location.reload()}, t('retry'));
    this.replaceChildren(h('div', {className: 'allauth', part: 'screen'},
      h('h1', {part: 'heading'}, t('unreachable.title')), h('p', {part: 'problem', role: 'alert'}, t(navigator.onLine ? 'unreachable' : 'offline')), retry));
  }

  /** Shows the screen of the address, unless it is shown already. @returns {Promise<void>} */
  async #show() {
    if (this.#leaving) return;
    const {state} = ui.client;
    const {path, route} = current();
    const arrived = route?.screen === 'provider-callback' && !new URLSearchParams(location.search).has('error');
    if (!route || arrived || !fits(route, state)) return this.#redirect(path, route);
    if (this.#shown === location.pathname) return;
    this.#shown = location.pathname;
    const screen = /** @type {Screen} */ (document.createElement('allauth-' + route.screen));
    screen.setAttribute('part', route.for === 'in' ? 'screen wide' : 'screen');
    const moved = this.#screen !== undefined;
    this.#screen = screen;
    screen.addEventListener('shown', () => {
      document.title = screen.headingText + (ui.siteName ? ` · ${ui.siteName}` : '');
      if (moved) /** @type {HTMLElement | null} */ (screen.querySelector('h1'))?.focus();
    }, {once: true});
    this.replaceChildren(screen);
    scrollTo(0, 0);
  }

  /**
   * Goes from an address that does not fit to the one that the state leads to. After the
   * login users come back to the page of the account that they wanted.
   * @param {string} path
   * @param {Route | undefined} route
   * @returns {Promise<void>}
   */
  async #redirect(path, route) {
    const {state} = ui.client;
    const loggedIn = state.name === 'signedIn' || state.name === 'reauthenticate';
    if (loggedIn && route && route.for !== 'in') return this.#arrive();
    const query = route?.for === 'in' && path ? '?next=' + encodeURIComponent(location.pathname) : location.search;
    history.replaceState(null, '', address(pathOf(state)) + (loggedIn ? '' : query));
    return this.#show();
  }

  /** Goes where the user wanted after the login. @returns {Promise<void>} */
  async #arrive() {
    const target = nextTarget() || ui.home || address('');
    const url = new URL(target, location.href);
    if (url.origin === location.origin && (url.pathname + '/').startsWith(ui.path + '/')) {
      history.replaceState(null, '', url);
      return this.#show();
    }
    this.#leaving = true;
    location.replace(target);
  }

  /** @param {string} path */
  #navigate(path) {
    const next = nextTarget();
    history.pushState(null, '', address(path) + (next ? '?next=' + encodeURIComponent(next) : ''));
    this.#show();
  }

  /**
   * Shows the next step after an answer.
   * @param {{byPassword?: boolean}} [options]
   * @returns {Promise<void>}
   */
  async #settle({byPassword} = {}) {
    const {state} = ui.client;
    const {route} = current();
    if (state.name === 'signedIn' && route?.for !== 'in') {
      await this.#tellPasswordManager(byPassword);
      if (route?.for !== 'all') return this.#arrive();
    }
    if (state.name === 'pending' && route?.for !== state.flow.id && route?.for !== 'in' && route?.for !== 'all') {
      const path = pathOf(state);
      if (path !== 'login') return this.#navigate(path);
    }
    if (state.name === 'signedOut' && route?.for === 'in') ui.notice ||= t('loggedOutElsewhere');
    return this.#show();
  }

  /** Passkeys are created and told about before the browser leaves the page. @param {boolean} [byPassword] */
  #tellPasswordManager(byPassword) {
    const told = (async () => {
      if (byPassword) await upgradeToPasskey(ui.client);
      await signalKeys(ui.client);
    })();
    return Promise.race([told, new Promise((resolve) => setTimeout(resolve, passkeyPatience))]);
  }

  /** Leaves a screen that does not fit any more, as another tab has logged in or out. */
  #changed() {
    const {route} = current();
    if (this.#screen?.ariaBusy || this.#screen?.busy || document.querySelector('dialog[open]')) return; // it settles by itself
    if (route && fits(route, ui.client.state)) return;
    if (route?.for === 'in') ui.notice ||= t('loggedOutElsewhere');
    this.#show();
  }

  /** Follows links to other steps without loading the page. @param {MouseEvent} event */
  #follow(event) {
    const anchor = /** @type {Element} */ (event.target).closest('a');
    if (!anchor || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey || anchor.target || anchor.hasAttribute('download')) return;
    const url = new URL(anchor.href);
    if (url.origin !== location.origin || !(url.pathname + '/').startsWith(ui.path + '/')) return;
    event.preventDefault();
    if (url.href !== location.href) history.pushState(null, '', url);
    this.#show();
  }
}
