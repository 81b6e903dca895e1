// The base of all screens: a heading, a message, forms and buttons.

import {needsReauthentication, pendingFlow, problems} from '../client/index.js';
import {duration, h, t, ui, configure} from './ui.js';

/**
 * @import {Answer} from '../client/client.js'
 * @import {Text} from './ui.js'
 * @import {Field} from './fields.js'
 */

/** @typedef {Node | string | false | null | undefined} Child */

/**
 * @typedef {object} Action What a form or a button does.
 * @property {() => Promise<Answer>} send
 * @property {number[]} [accept] The statuses of success, 200 and 202 by default.
 * @property {Text | ((answer: Answer) => string)} [done] What is told after a success.
 * @property {(answer: Answer) => void | Promise<void>} [then] What follows a success.
 * @property {boolean} [byPassword] Whether it is a login with a password.
 */

/** The children without those that a condition left out. @param {Child[]} children */
export const shown = (children) => children.filter((child) => child !== false && child !== null && child !== undefined);

/** The content of a screen cannot be shown, because of this answer. */
class Refused extends Error {
  /** @param {Answer} answer */
  constructor(answer) {
    super('status ' + answer.status);
    this.answer = answer;
  }
}

let ids = 0;

/** Returns an id that no other element of the page has. */
export const newID = () => 'allauth-' + ++ids;

/** A screen has one task. Its inputs are in the light DOM, where password managers find them. */
export class Screen extends HTMLElement {
  /** The name of the text that is the heading. @type {Text} */
  static heading = 'login.title';

  /** The path of the screen that the user came from, if the screen has a link back. @type {string | undefined} */
  static back;

  #abort = new AbortController();
  #busy = false;
  #notice = h('p', {part: 'notice', role: 'status'});
  #problem = h('p', {part: 'problem', role: 'alert'});
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #countdown;

  /** Whether an action of the screen is under way. */
  get busy() {
    return this.#busy;
  }

  /** Is aborted when the screen is removed. */
  get signal() {
    return this.#abort.signal;
  }

  get headingText() {
    return t(/** @type {typeof Screen} */ (this.constructor).heading);
  }

  async connectedCallback() {
    this.#abort = new AbortController();
    this.classList.add('allauth');
    await configure();
    await this.show();
  }

  disconnectedCallback() {
    this.#abort.abort();
    clearInterval(this.#countdown);
  }

  /**
   * What is below the heading. It may request data first.
   * @returns {Child[] | Promise<Child[]>}
   */
  content() {
    return [];
  }

  /** Shows the content, or a problem with a button to try again. */
  async show() {
    this.ariaBusy = 'true';
    try {
      const content = await this.content();
      if (this.signal.aborted) return;
      this.#replace(content);
    } catch (error) {
      if (this.signal.aborted) return;
      if (!(error instanceof Refused)) throw error;
      this.#replace([h('button', {part: 'button primary', type: 'button', onclick: () => this.show()}, t('retry'))]);
      this.#explain(error.answer);
    } finally {
      this.ariaBusy = null;
    }
    if (ui.notice) this.tell(ui.notice);
    ui.notice = '';
    this.dispatchEvent(new Event('shown', {bubbles: true}));
  }

  /** @param {Child[]} content */
  #replace(content) {
    const back = /** @type {typeof Screen} */ (this.constructor).back;
    this.tell('');
    this.replaceChildren(
      ...(back === undefined ? [] : [h('a', {part: 'back', href: `${ui.path}/${back}`}, t(back ? 'factors.title' : 'profile.title'))]),
      h('h1', {part: 'heading', tabIndex: -1}, this.headingText), this.#notice, this.#problem,
      ...shown(content));
  }

  /**
   * Requests the data of the screen. Without it the screen shows why.
   * @template {keyof import('../client/client.js').Operations} O
   * @param {O} operation
   * @param {{optional?: boolean, headers?: Record<string, string>}} [options] Optional data may not exist.
   * @returns {Promise<any>}
   */
  async load(operation, {optional, headers} = {}) {
    /** @type {Answer} */
    const answer = await ui.client.call(operation, undefined, {signal: this.signal, headers});
    if (answer.status === 200) return answer.data;
    if (optional && answer.status === 404) return undefined;
    return this.refuse(answer);
  }

  /**
   * Shows why the content cannot be shown, or the step that the answer leads to.
   * @param {Answer} answer
   * @returns {never}
   */
  refuse(answer) {
    if (answer.status === 401) ui.settle();
    throw new Refused(answer);
  }

  /** Tells the user about a success. @param {string} text */
  tell(text) {
    clearInterval(this.#countdown);
    this.#notice.textContent = text;
    this.#problem.textContent = '';
  }

  /** Tells the user about a problem. @param {string} text */
  warn(text) {
    this.tell('');
    this.#problem.textContent = text;
  }

  /**
   * Does what a form or button is for. While it does, nothing else is sent. Returns
   * whether it succeeded: only then the user is told so.
   * @param {HTMLElement} control
   * @param {Action} action
   * @param {(answer: Answer) => boolean} [place] Shows the problems of fields, and returns whether it did.
   */
  async act(control, {send, accept = [200, 202], done, then, byPassword}, place) {
    if (this.#busy) return false;
    this.tell('');
    this.#busy = true;
    control.ariaBusy = 'true';
    try {
      return await this.#follow(await send(), {accept, done, then, byPassword}, place);
    } catch (error) {
      if (this.signal.aborted) return false;
      throw error;
    } finally {
      this.#busy = false;
      control.ariaBusy = null;
    }
  }

  /**
   * @param {Answer} answer
   * @param {Required<Pick<Action, 'accept'>> & Omit<Action, 'send'>} action
   * @param {(answer: Answer) => boolean} [place]
   */
  async #follow(answer, {accept, done, then, byPassword}, place) {
    const succeeded = accept.includes(answer.status);
    if (succeeded && done) ui.notice = typeof done === 'function' ? done(answer) : t(done);
    if (!succeeded && !place?.(answer)) this.#explain(answer);
    if (succeeded) await then?.(answer);
    await ui.settle({byPassword});
    if (this.isConnected && ui.notice) {
      this.tell(ui.notice);
      ui.notice = '';
    }
    return succeeded;
  }

  /** Tells why a request did not succeed. A pending step explains itself. @param {Answer} answer */
  #explain(answer) {
    if (pendingFlow(answer) && !needsReauthentication(answer)) return;
    const {status, failure, retryAfter} = answer;
    const messages = Object.values(problems(answer)).flat();
    if (messages.length > 0) return this.warn(messages.join(' '));
    if (retryAfter && (status === 429 || status === 503)) return this.#countDown(status === 429 ? 'tooMany' : 'busyUntil', retryAfter);
    if (failure) return this.warn(t(failure));
    if (needsReauthentication(answer)) return this.warn(t('notConfirmed'));
    this.warn(t(status === 403 ? 'forbidden' : status === 404 ? 'notFound' : status === 409 ? 'noLongerPossible'
      : status === 429 ? 'tooManyNow' : status === 401 || status === 410 ? 'loggedOutElsewhere' : 'unavailable'));
  }

  /**
   * @param {Text} name
   * @param {number} seconds
   */
  #countDown(name, seconds) {
    const end = Date.now() + seconds * 1000;
    const update = () => {
      const left = Math.ceil((end - Date.now()) / 1000);
      this.#problem.textContent = left > 0 ? t(name, {time: duration(left)}) : t('retryNow');
      if (left <= 0) clearInterval(this.#countdown);
    };
    this.warn('');
    update();
    this.#countdown = setInterval(update, seconds > 90 ? 30000 : 5000); // screen readers announce each
  }

  /**
   * A button that does something.
   * @param {string} text
   * @param {Action} action
   * @param {string} [part]
   */
  button(text, action, part = 'button') {
    const node = h('button', {part, type: 'button'}, text);
    node.onclick = () => this.act(node, action);
    return node;
  }

  /**
   * A button that first asks whether the user means it.
   * @param {string} text
   * @param {string} question
   * @param {Action} action
   */
  dangerous(text, question, action) {
    const node = h('button', {part: 'button danger', type: 'button'}, text);
    node.onclick = async () => {
      if (await confirmed(question, text)) this.act(node, action);
    };
    return node;
  }

  /**
   * A form. The values of its fields are given to send.
   * @param {Field[]} fields
   * @param {Omit<Action, 'send'> & {send: (values: Record<string, string>) => Promise<Answer>}} action
   * @param {{submit: Text, more?: Child[]}} options
   */
  form(fields, action, {submit, more = []}) {
    const button = h('button', {part: 'button primary'}, t(submit));
    const form = h('form', {part: 'form', noValidate: true}, ...fields.map((field) => field.node), h('div', {part: 'actions'}, button, ...shown(more)));
    form.onsubmit = (event) => {
      event.preventDefault();
      for (const field of fields) field.refuse('');
      const empty = fields.filter((field) => field.required && field.value === '');
      if (empty.length > 0) {
        for (const field of empty) field.refuse(t('required'));
        return empty[0].focus();
      }
      const values = Object.fromEntries(fields.map((field) => [field.name, field.value]).filter(([, value]) => value !== ''));
      return this.act(button, {...action, send: () => action.send(values)}, (answer) => this.#place(fields, answer));
    };
    return form;
  }

  /**
   * Shows the problems of an answer at their fields.
   * @param {Field[]} fields
   * @param {Answer} answer
   */
  #place(fields, answer) {
    const found = problems(answer);
    const refused = fields.filter((field) => field.params.some((param) => found[param]));
    for (const field of refused) {
      field.refuse(field.params.flatMap((param) => found[param] ?? []).join(' '));
      for (const param of field.params) delete found[param];
    }
    refused[0]?.focus();
    const rest = Object.values(found).flat().join(' ');
    if (rest) this.warn(rest);
    return refused.length > 0 || rest !== '';
  }

  /**
   * Several ways to the same end: the first one is shown, with buttons for the others.
   * @param {Array<{label: string, content: () => Child[]} | false | undefined>} all
   */
  ways(all) {
    const ways = all.filter((way) => way !== false && way !== undefined);
    const node = h('div', {part: 'ways'});
    const choose = (/** @type {typeof ways[0]} */ chosen) => {
      const others = ways.filter((way) => way !== chosen).map((way) => {
        const button = h('button', {part: 'button plain', type: 'button'}, way.label);
        button.onclick = () => {
          this.tell('');
          choose(way);
          /** @type {HTMLElement | null} */ (node.querySelector('input, button'))?.focus();
        };
        return button;
      });
      node.replaceChildren(...shown(chosen.content()),
        ...(others.length > 0 ? [h('div', {part: 'others'}, ...others)] : []));
    };
    if (ways.length > 0) choose(ways[0]);
    return node;
  }
}

/**
 * Asks a question in a dialog.
 * @param {string} question
 * @param {string} yes The name of the action.
 * @returns {Promise<boolean>}
 */
export function confirmed(question, yes) {
  const id = newID();
  const dialog = h('dialog', {className: 'allauth', part: 'dialog', 'aria-labelledby': id},
    h('p', {id}, question),
    h('form', {method: 'dialog', part: 'actions'},
      h('button', {part: 'button', value: ''}, t('cancel')), h('button', {part: 'button danger', value: 'yes'}, yes)));
  return new Promise((resolve) => {
    dialog.onclose = () => {
      dialog.remove();
      resolve(dialog.returnValue === 'yes');
    };
    document.body.append(dialog);
    dialog.showModal();
  });
}
