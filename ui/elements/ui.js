// What all elements of a page share: the client, the texts, and where steps are.

import {Client} from '../client/index.js';
import english from './texts/en.js';

/** @typedef {import('../client/client.js').Configuration} Configuration */
/** @typedef {import('../client/client.js').State} State */
/** @typedef {keyof typeof english} Text The name of a text. */

/**
 * @typedef {object} Settings
 * @property {string} [language] The language of the texts: en, de, fr, es, nl or pl. By default that of the page.
 * @property {Partial<Record<Text, string>>} [texts] Texts that replace those of the language.
 * @property {string} [siteName] The name of the site, for titles and file names.
 * @property {string} [path] Where the pages are, /account by default.
 * @property {string} [home] Where the browser goes after a login without `next`. By default the page of the account.
 * @property {string[]} [nextOrigins] The origins beside this one that `next` may name.
 * @property {string[]} [signupFields] The fields of the sign-up, with * for required ones: email, email2, username, phone, password1.
 * @property {string[]} [endpoints] The endpoints that the server has, such as account/phone. Without it they are tried.
 * @property {string} [providerRedirect] Where the form is posted that sends the browser to a provider. By default to the API.
 * @property {string} [base] See Options of the client.
 * @property {'browser' | 'app'} [kind] See Options of the client.
 * @property {import('../client/client.js').TokenStorage} [storage] See Options of the client.
 * @property {string} [csrfCookie] See Options of the client.
 */

/** @type {Required<Omit<Settings, 'base' | 'kind' | 'storage' | 'csrfCookie' | 'endpoints' | 'texts'>>} */
const defaults = {
  language: 'en', siteName: '', path: '/account', home: '', nextOrigins: [],
  signupFields: ['email*', 'password1*'], providerRedirect: '',
};

export const ui = {
  ...defaults,
  /** @type {Record<Text, string>} */
  texts: english,
  /** @type {string[] | undefined} */
  endpoints: undefined,
  client: /** @type {Client} */ (/** @type {unknown} */ (undefined)),
  /** The configuration of the server. @type {Configuration | undefined} */
  config: undefined,
  /** A message for the next screen. */
  notice: '',
  /** What the user has typed to identify themselves, kept between screens. */
  identifier: '',
  /** Shows the step of a path below ui.path. Without an <allauth-app> the host decides. @type {(path: string) => void} */
  go: () => {},
  /** Shows the next step after an answer. @type {(options?: {byPassword?: boolean}) => Promise<void>} */
  settle: async () => {},
};

/** @type {Promise<void> | undefined} */
let configured;

/**
 * Sets up the elements of the page. Call it once, before the first element is shown.
 * @param {Settings} [settings]
 * @returns {Promise<void>}
 */
export function configure({base, kind, storage, csrfCookie, texts, ...settings} = {}) {
  return (configured ??= (async () => {
    Object.assign(ui, {language: document.documentElement.lang || 'en'}, settings);
    ui.client = new Client({base, kind, storage, csrfCookie, language: ui.language});
    const [language] = await Promise.all([loadTexts(ui.language), start()]);
    ui.texts = {...english, ...language, ...texts};
  })());
}

async function start() {
  ui.config = await ui.client.start();
}

/** @param {string} language */
async function loadTexts(language) {
  const name = language.split('-')[0];
  if (!['de', 'es', 'fr', 'nl', 'pl'].includes(name)) return {};
  return (await import(`./texts/${name}.js`)).default;
}

/** Whether the server has an endpoint, or may have it. @param {string} endpoint */
export function has(endpoint) {
  return ui.endpoints?.includes(endpoint) ?? true;
}

/**
 * A text, with its values in place of {name}.
 * @param {Text} name
 * @param {Record<string, string | number>} [values]
 */
export function t(name, values = {}) {
  return ui.texts[name].replace(/\{(\w+)\}/g, (_, key) => String(values[key]));
}

/** A time of the API in words. @param {number} seconds */
export function dateTime(seconds) {
  return new Date(seconds * 1000).toLocaleString(ui.language, {dateStyle: 'medium', timeStyle: 'short'});
}

/** A day of the API in words. @param {number} seconds */
export function day(seconds) {
  return new Date(seconds * 1000).toLocaleDateString(ui.language, {dateStyle: 'long'});
}

/** A length of time in words, such as "40 seconds". @param {number} seconds */
export function duration(seconds) {
  const minutes = seconds > 90;
  return new Intl.NumberFormat(ui.language, {style: 'unit', unit: minutes ? 'minute' : 'second', unitDisplay: 'long'})
    .format(minutes ? Math.ceil(seconds / 60) : Math.ceil(seconds));
}

/** Browsers and systems, by what their user agents contain. The first match counts. */
const browsers = {Edg: 'Edge', OPR: 'Opera', SamsungBrowser: 'Samsung Internet', Firefox: 'Firefox', FxiOS: 'Firefox', Chrome: 'Chrome', CriOS: 'Chrome', Safari: 'Safari'};
const systems = {iPhone: 'iPhone', iPad: 'iPad', Android: 'Android', CrOS: 'ChromeOS', Windows: 'Windows', 'Mac OS': 'macOS', Linux: 'Linux'};

/** A user agent in words. @param {string} agent */
export function browserName(agent) {
  const find = (/** @type {Record<string, string>} */ names) => Object.entries(names).find(([part]) => agent.includes(part))?.[1];
  const browser = find(browsers), system = find(systems);
  if (browser && system) return t('browserOn', {browser, system});
  return browser ?? system ?? (agent.split(/[\s(]/)[0] || t('unknownBrowser'));
}

/**
 * Makes an element. Properties that the element lacks become attributes.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Record<string, unknown>} [properties]
 * @param {...(Node | string | false | null | undefined)} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function h(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === false) continue;
    if (name in node && name !== 'part') Object.assign(node, {[name]: value});
    else node.setAttribute(name, value === true ? '' : String(value));
  }
  node.append(...children.filter((child) => child !== undefined && child !== null && child !== false));
  return node;
}

/** An address of a step below ui.path. @param {string} path */
export function address(path) {
  return `${ui.path}/${path}`;
}

/**
 * A link to a step. It keeps the target of the login.
 * @param {string} path
 * @param {string} text
 */
export function link(path, text) {
  const next = nextTarget();
  return h('a', {part: 'link', href: address(path) + (next ? '?next=' + encodeURIComponent(next) : '')}, text);
}

/** Where the browser goes after the login, if the address names an allowed target. */
export function nextTarget() {
  const next = new URLSearchParams(location.search).get('next');
  if (!next) return '';
  try {
    const target = new URL(next, location.href);
    const allowed = [location.origin, ...ui.nextOrigins].includes(target.origin) && /^https?:$/.test(target.protocol);
    return allowed ? next : '';
  } catch {
    return '';
  }
}
