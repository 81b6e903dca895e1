// A client of the API, for browsers and for apps.
//
//	const client = new Client();
//	client.addEventListener('change', () => show(client.state));
//	await client.start();
//	const answer = await client.call('POST auth/login', {email, password});

/**
 * @typedef {import('./api.js').Operations} Operations
 * @typedef {import('./api.js').Flow} Flow
 * @typedef {import('./api.js').User} User
 * @typedef {import('./api.js').Method} Method
 * @typedef {import('./api.js').Problem} Problem
 * @typedef {import('./api.js').ConfigurationResponse['data']} Configuration
 */

/**
 * There was no response: the request or its response was lost, or a key of the user did not
 * respond.
 * @typedef {{status: 0, failure: 'offline' | 'unreachable' | 'cancelled' | 'unsupported' | 'duplicate'}} Failure
 */

/**
 * What every answer may have. `retryAfter` is in seconds, with the statuses 429 and 503.
 * @typedef {{status: number, data?: any, meta?: any, errors?: Problem[], failure?: Failure['failure'], retryAfter?: number}} Answer
 */

/**
 * Who uses the client, and what they can do next:
 *
 * - `unknown`: the server was not asked yet;
 * - `signedOut`: no user is logged in, `flows` are the ways to log in;
 * - `pending`: a login, sign-up or reset waits for `flow`;
 * - `reauthenticate`: a request needs a recent authentication, `flows` are the ways to it;
 * - `signedIn`: `user` is logged in, and authenticated by `methods`.
 * @typedef {{name: 'unknown'}
 *   | {name: 'signedOut', flows: Flow[]}
 *   | {name: 'pending', flow: Flow, flows: Flow[]}
 *   | {name: 'reauthenticate', user: User, methods: Method[], flows: Flow[]}
 *   | {name: 'signedIn', user: User, methods: Method[], impersonation?: import('./api.js').Impersonation}} State
 */

/**
 * Where the tokens of an app are kept: `localStorage`, or an object with the same methods.
 * @typedef {{getItem(key: string): string | null, setItem(key: string, value: string): void, removeItem(key: string): void}} TokenStorage
 */

/**
 * @typedef {object} Options
 * @property {string} [base] The URL of the API, /_allauth by default.
 * @property {'browser' | 'app'} [kind] The kind of client: a browser is known by cookies, an app by tokens.
 * @property {TokenStorage} [storage] Where an app keeps its tokens. By default they are kept in memory and a reload ends the session.
 * @property {string} [csrfCookie] The name of the cookie with the CSRF token, csrftoken by default.
 * @property {string} [language] The language of messages, a BCP 47 tag. By default that of the browser.
 * @property {number} [timeout] After how many milliseconds a request fails, 30000 by default.
 * @property {(state: Extract<State, {name: 'reauthenticate'}>) => Promise<boolean>} [reauthenticate]
 *   Lets the user authenticate, and returns whether they did. The request is then sent again.
 */

/** What the client sends with a request, beside the body. */
/** @typedef {{signal?: AbortSignal, headers?: Record<string, string>, query?: string}} Extras */

const session = 'session_token', access = 'access_token', refresh = 'refresh_token';

/** How often a token of another tab is looked for, in milliseconds. */
const step = 25;

/** @param {number} milliseconds */
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** The client. It dispatches `change` when its state changes. */
export class Client extends EventTarget {
  /** @type {State} */
  state = {name: 'unknown'};

  /** @type {Options['reauthenticate']} */
  reauthenticate;

  #url; #kind; #csrfCookie; #language; #timeout;
  #csrfToken = '';
  #tokens;
  #sent = 0; // requests so far
  #followed = 0; // the number of the latest request whose answer decided the state
  /** @type {Promise<boolean> | undefined} */
  #dialog; // the reauthentication that is under way
  /** @type {Promise<Configuration | undefined> | undefined} */
  #config;
  #tabs;

  /** @param {Options} [options] */
  constructor({base = '/_allauth', kind = 'browser', storage = new Memory(), csrfCookie = 'csrftoken', language, timeout = 30000, reauthenticate} = {}) {
    super();
    this.#url = `${base}/${kind}/v1/`;
    this.#kind = kind;
    this.#csrfCookie = csrfCookie;
    this.#language = language;
    this.#timeout = timeout;
    this.#tokens = new Tokens(storage, this.#url);
    this.reauthenticate = reauthenticate;
    if ('BroadcastChannel' in globalThis) {
      this.#tabs = new BroadcastChannel('allauth ' + this.#url);
      this.#tabs.onmessage = () => this.#refreshState();
    }
    if (kind === 'app') globalThis.addEventListener?.('storage', this.#stored);
  }

  /** The token of another tab may arrive after its message. */
  #stored = (/** @type {StorageEvent} */ {key}) => {
    if (key === this.#tokens.prefix + session) this.#refreshState();
  };

  /** The URL of an endpoint, such as that of a form that a page posts. @param {string} endpoint */
  url(endpoint) {
    return this.#url + endpoint;
  }

  /** The CSRF token, for a form that a page posts. */
  get csrfToken() {
    const cookie = document.cookie.split('; ').find((text) => text.startsWith(this.#csrfCookie + '='));
    return this.#csrfToken || (cookie?.slice(this.#csrfCookie.length + 1) ?? '');
  }

  /** Asks the server who is logged in, and returns its configuration, if it responds. */
  async start() {
    const [config] = await Promise.all([this.config(), this.call('GET auth/session')]);
    return config;
  }

  /** The configuration of the server. It is requested once. */
  async config() {
    this.#config ??= this.call('GET config').then((answer) => (answer.status === 200 ? answer.data : undefined));
    const config = await this.#config;
    if (!config) this.#config = undefined; // the next call tries again
    return config;
  }

  /** Stops listening to other tabs. */
  close() {
    this.#tabs?.close();
    globalThis.removeEventListener?.('storage', this.#stored);
  }

  /**
   * Sends a request. The answer is returned whatever its status is. If the user has to
   * reauthenticate and does so, the request is sent again. An aborted request rejects
   * with an AbortError.
   * @template {keyof Operations} O
   * @param {O} operation The method and the path, such as 'POST auth/login'.
   * @param {Operations[O]['body']} [body]
   * @param {Extras} [extras]
   * @returns {Promise<(Operations[O]['answer'] | Failure) & {retryAfter?: number}>}
   */
  async call(operation, body, extras) {
    const [method, path] = operation.split(' ');
    /** @type {any} */
    let answer = await this.#exchange(method, path, body, extras);
    if (needsReauthentication(answer) && !isAuthentication(path) && await this.#reauthenticated()) {
      answer = await this.#exchange(method, path, body, extras);
    }
    return answer;
  }

  /**
   * Fetches from the host's own routes with the access token of an app. The token is
   * renewed if the response is 401.
   * @param {RequestInfo | URL} input
   * @param {RequestInit} [init]
   */
  async fetch(input, init) {
    const send = (/** @type {string | null} */ token) => {
      const request = new Request(input, init);
      if (token) request.headers.set('Authorization', 'Bearer ' + token);
      return fetch(request);
    };
    const token = this.#tokens.get(access);
    const response = await send(token);
    return response.status === 401 && token && await this.#renew(token) ? send(this.#tokens.get(access)) : response;
  }

  /**
   * Renews the access token. Only one tab does so; the others use its result.
   * @param {string} expired
   * @returns {Promise<boolean>} Whether there is another token now.
   */
  #renew(expired) {
    return exclusively('allauth refresh ' + this.#url, async (waited) => {
      if (this.#tokens.get(access) !== expired) return this.#tokens.get(access) !== null;
      if (waited && await this.#arrived(access, expired)) return true;
      const token = this.#tokens.get(refresh);
      if (!token) return false;
      const answer = await this.#exchange('POST', 'tokens/refresh', {refresh_token: token});
      if (answer.status === 200) {
        this.#tokens.keep(answer.data);
        await pause(4 * step); // other tabs see the tokens before they get the lock
      } else if (answer.status === 400) {
        if (await this.#arrived(refresh, token)) return true; // another tab had used it
        this.#tokens.drop(access, refresh);
      }
      return answer.status === 200;
    });
  }

  /**
   * Whether another token arrives from another tab, which takes browsers a moment.
   * @param {string} name
   * @param {string} old
   */
  async #arrived(name, old) {
    for (let attempt = 0; attempt < 20 && this.#tokens.get(name) === old; attempt++) {
      await pause(step);
    }
    const token = this.#tokens.get(name);
    return token !== null && token !== old;
  }

  /**
   * Sends a request, again if it was refused for an old token, and follows the answer.
   * @param {string} method
   * @param {string} path
   * @param {unknown} [body]
   * @param {Extras} [extras]
   * @returns {Promise<Answer>}
   */
  async #exchange(method, path, body, extras) {
    let number = 0;
    const send = (/** @type {string | null} */ token) => {
      number = ++this.#sent;
      return this.#send(method, path, body, extras, token);
    };
    const token = this.#kind === 'app' ? this.#tokens.get(session) : '';
    if (this.#kind === 'browser' && method !== 'GET' && !this.csrfToken) await this.#send('GET', 'config');
    const csrfToken = this.csrfToken;
    let answer = await send(token);
    if (this.#kind === 'browser' && answer.status === 403 && !answer.errors) {
      await this.#send('GET', 'config'); // another login changes the CSRF token
      if (this.csrfToken !== csrfToken) answer = await send(token);
    }
    if (this.#kind === 'app' && token && (answer.status === 401 || answer.status === 410)) {
      const current = this.#tokens.get(session);
      if (current !== token && !answer.meta?.session_token) {
        if (current) answer = await send(current); // another request has renewed it
      } else if (answer.status === 410) {
        this.#tokens.drop(session, access, refresh);
      }
    }
    this.#tokens.keep(answer.meta ?? {});
    this.#follow(answer, number);
    if (answer.status === 409 && !path.startsWith('account/')) await this.#exchange('GET', 'auth/session');
    return answer;
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {unknown} [body]
   * @param {Extras} [extras]
   * @param {string | null} [token]
   * @returns {Promise<Answer>}
   */
  async #send(method, path, body, {signal, headers, query = ''} = {}, token) {
    /** @type {Record<string, string>} */
    const all = {'Content-Type': 'application/json', ...headers};
    if (this.#language) all['Accept-Language'] = this.#language;
    if (this.#kind === 'browser') all['X-CSRFToken'] = this.csrfToken;
    if (token) all['X-Session-Token'] = token;
    const timeout = AbortSignal.timeout(this.#timeout);
    let status = 0;
    try {
      const response = await fetch(this.#url + path + query, {
        method,
        headers: all,
        body: body === undefined ? undefined : JSON.stringify(body),
        credentials: this.#kind === 'browser' ? 'include' : 'omit',
        signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
      });
      status = response.status;
      this.#csrfToken = response.headers.get('X-CSRFToken') ?? this.#csrfToken;
      const retryAfter = Number(response.headers.get('Retry-After')) || undefined;
      return {...await response.json(), retryAfter};
    } catch (error) {
      if (signal?.aborted) throw error;
      if (status >= 400) return {status}; // of a proxy
      return {status: 0, failure: navigator.onLine ? 'unreachable' : 'offline'};
    }
  }

  /**
   * Takes over the state that an answer tells, unless a later request has told another.
   * @param {Answer} answer
   * @param {number} number
   */
  #follow(answer, number) {
    const state = stateOf(answer);
    if (!state || number < this.#followed) return;
    this.#followed = number;
    const before = this.state;
    this.state = state;
    if (JSON.stringify(before) === JSON.stringify(state)) return;
    if (before.name !== 'unknown' && identity(before) !== identity(state)) this.#tabs?.postMessage(identity(state));
    this.dispatchEvent(new Event('change'));
  }

  /** Follows another tab. It must not answer, so it forgets the state before. */
  async #refreshState() {
    const before = this.state;
    if (before.name === 'unknown') return;
    const number = ++this.#sent;
    const answer = await this.#send('GET', 'auth/session', undefined, {}, this.#tokens.get(session));
    this.#tokens.keep(answer.meta ?? {});
    const tabs = this.#tabs;
    this.#tabs = undefined;
    this.#follow(answer, number);
    this.#tabs = tabs;
  }

  /** Whether the user reauthenticated. Requests that wait for it share one dialog. */
  async #reauthenticated() {
    if (!this.reauthenticate || this.state.name !== 'reauthenticate') return false;
    this.#dialog ??= this.reauthenticate(this.state).finally(() => (this.#dialog = undefined));
    return this.#dialog;
  }
}

/**
 * The flow of an answer that waits for the user.
 * @param {Answer} answer
 * @returns {Flow | undefined}
 */
export function pendingFlow(answer) {
  return answer.data?.flows?.find((/** @type {Flow} */ flow) => flow.is_pending);
}

/** Whether the user must reauthenticate before the request succeeds. @param {Answer} answer */
export function needsReauthentication(answer) {
  return answer.status === 401 && Boolean(answer.meta?.is_authenticated);
}

/**
 * The messages of an answer by field; those without a field are under ''.
 * @param {Answer} answer
 * @returns {Record<string, string[]>}
 */
export function problems(answer) {
  /** @type {Record<string, string[]>} */
  const found = {};
  for (const {param = '', message} of answer.errors ?? []) (found[param] ??= []).push(message);
  return found;
}

/**
 * Posts a form that sends the browser to a provider, as scripts cannot follow a redirect
 * to another site. The browser returns to callbackURL.
 * @param {Client} client
 * @param {{provider: string, process: 'login' | 'connect', callbackURL: string, action?: string}} to
 */
export function redirectToProvider(client, {provider, process, callbackURL, action = client.url('auth/provider/redirect')}) {
  const form = document.createElement('form');
  form.method = 'post';
  form.action = action;
  const fields = {provider, process, callback_url: callbackURL, csrfmiddlewaretoken: client.csrfToken};
  for (const [name, value] of Object.entries(fields)) {
    form.append(Object.assign(document.createElement('input'), {type: 'hidden', name, value}));
  }
  document.body.append(form);
  form.submit();
}

/** @param {string} path */
function isAuthentication(path) {
  return path.startsWith('auth/') && !path.startsWith('auth/sessions') && path !== 'auth/provider/token';
}

/**
 * The state that an answer tells, if it tells any.
 * @param {Answer} answer
 * @returns {State | undefined}
 */
function stateOf(answer) {
  const {status, data, meta} = answer;
  if (status === 200 && meta?.is_authenticated && data?.user && data.methods) {
    return {name: 'signedIn', user: data.user, methods: data.methods, ...(meta.impersonation && {impersonation: meta.impersonation})};
  }
  if (status !== 401 && status !== 410) return undefined;
  const flows = data?.flows ?? [];
  if (meta?.is_authenticated) return {name: 'reauthenticate', user: data.user, methods: data.methods, flows};
  const flow = pendingFlow(answer);
  return flow ? {name: 'pending', flow, flows} : {name: 'signedOut', flows};
}

/** What other tabs must know of a state. @param {State} state */
function identity(state) {
  switch (state.name) {
    case 'signedIn':
    case 'reauthenticate':
      return 'user ' + state.user.id;
    case 'pending':
      return 'pending ' + state.flow.id;
    default:
      return state.name;
  }
}

/**
 * Runs a function while no other tab runs one of the same name. The function gets whether
 * it had to wait.
 * @template T
 * @param {string} name
 * @param {(waited: boolean) => Promise<T>} run
 * @returns {Promise<T>}
 */
async function exclusively(name, run) {
  if (!navigator.locks) return await run(false);
  const {held = []} = await navigator.locks.query();
  const waited = held.some((lock) => lock.name === name);
  return await navigator.locks.request(name, () => run(waited));
}

/** The tokens of an app. */
class Tokens {
  /**
   * @param {TokenStorage} storage
   * @param {string} prefix
   */
  constructor(storage, prefix) {
    this.storage = storage;
    this.prefix = prefix + ' ';
  }

  /** @param {string} name */
  get(name) {
    return this.storage.getItem(this.prefix + name);
  }

  /** Keeps the tokens that an answer has. @param {Record<string, unknown>} from */
  keep(from) {
    for (const name of [session, access, refresh]) {
      const token = from[name];
      if (typeof token === 'string') this.storage.setItem(this.prefix + name, token);
    }
  }

  /** @param {string[]} names */
  drop(...names) {
    for (const name of names) this.storage.removeItem(this.prefix + name);
  }
}

/** A TokenStorage that a reload empties. */
class Memory {
  /** @type {Map<string, string>} */
  #items = new Map();

  /** @param {string} key */
  getItem(key) {
    return this.#items.get(key) ?? null;
  }

  /**
   * @param {string} key
   * @param {string} value
   */
  setItem(key, value) {
    this.#items.set(key, value);
  }

  /** @param {string} key */
  removeItem(key) {
    this.#items.delete(key);
  }
}
