// The fields of forms.

import {h, t, ui} from './ui.js';
import {newID} from './screen.js';

/** @import {Text} from './ui.js' */

/**
 * @typedef {object} FieldOptions
 * @property {Text} label
 * @property {string} [type]
 * @property {string} [autocomplete]
 * @property {string} [inputMode]
 * @property {string} [value]
 * @property {Text} [hint]
 * @property {boolean} [optional]
 * @property {string[]} [params] The names by which the server refuses the value: that of the field by default.
 * @property {(value: string) => void} [changed]
 */

/** A labelled input with its problem. */
export class Field {
  #input; #error;

  /**
   * @param {string} name
   * @param {FieldOptions} options
   */
  constructor(name, {label, type = 'text', autocomplete = 'off', inputMode, value = '', hint, optional = false, params = [name], changed}) {
    this.name = name;
    this.params = params;
    this.required = !optional;
    const id = newID();
    const text = type === 'text' || type === 'email' || type === 'tel';
    this.#input = h('input', {
      id, name, type, value, part: 'input', required: !optional, inputMode, autocomplete,
      autocapitalize: 'none', spellcheck: false, dir: text ? 'auto' : undefined, 'aria-describedby': `${id}-hint ${id}-error`,
    });
    if (changed) this.#input.oninput = () => changed(this.value);
    this.#error = h('p', {id: id + '-error', part: 'error'});
    this.node = h('div', {part: 'field'},
      h('label', {htmlFor: id, part: 'label'}, t(label), optional && h('span', {part: 'optional'}, t('optional'))),
      type === 'password' ? h('div', {part: 'secret'}, this.#input, reveal(this.#input)) : this.#input,
      hint && h('p', {id: id + '-hint', part: 'hint'}, t(hint)), this.#error);
  }

  /** The same field under another name. @param {string} name */
  as(name) {
    this.name = this.#input.name = name;
    this.params = [name];
    return this;
  }

  get value() {
    return this.#input.type === 'password' || this.#input.name.includes('password') ? this.#input.value : this.#input.value.trim();
  }

  clear() {
    this.#input.value = '';
  }

  focus() {
    this.#input.focus();
  }

  /** Shows why the server refuses the value. An empty text removes it. @param {string} problem */
  refuse(problem) {
    this.#error.textContent = problem;
    this.#input.ariaInvalid = problem ? 'true' : null;
  }
}

/** A button that shows the password. @param {HTMLInputElement} input */
function reveal(input) {
  const button = h('button', {part: 'reveal', type: 'button', 'aria-pressed': 'false', 'aria-label': t('showPassword')}, t('show'));
  button.onclick = () => {
    const shown = input.type === 'text';
    input.type = shown ? 'password' : 'text';
    button.ariaPressed = String(!shown);
    button.textContent = t(shown ? 'show' : 'hide');
  };
  return button;
}

/** @param {Partial<FieldOptions>} [options] */
export const email = (options) => new Field('email', {label: 'email', type: 'email', inputMode: 'email', autocomplete: 'email', ...options});

/** @param {Partial<FieldOptions>} [options] */
export const phone = (options) => new Field('phone', {label: 'phone', type: 'tel', inputMode: 'tel', autocomplete: 'tel', hint: 'phone.hint', ...options});

/** @param {Partial<FieldOptions>} [options] */
export const username = (options) => new Field('username', {label: 'username', autocomplete: 'username', ...options});

/** @param {Partial<FieldOptions>} [options] */
export const currentPassword = (options) => new Field('password', {label: 'password', type: 'password', autocomplete: 'current-password', ...options});

/**
 * @param {string} name
 * @param {Partial<FieldOptions>} [options]
 */
export const newPassword = (name, options) => new Field(name, {label: 'newPassword', type: 'password', autocomplete: 'new-password', ...options});

/**
 * A code that was mailed or texted.
 * @param {string} name
 * @param {Partial<FieldOptions>} [options]
 */
export const code = (name, options) => new Field(name, {label: 'code', autocomplete: 'one-time-code', ...options});

/** A code of an authenticator app. @param {Partial<FieldOptions>} [options] */
export const appCode = (options) => new Field('code', {label: 'appCode', autocomplete: 'one-time-code', inputMode: 'numeric', ...options});

/** @param {Partial<FieldOptions>} [options] */
export const keyName = (options) => new Field('name', {label: 'keys.name', optional: true, hint: 'keys.nameHint', ...options});

/**
 * The field of the address, username or number, whichever users log in with.
 * @param {Array<'email' | 'username' | 'phone'>} methods
 * @param {Partial<FieldOptions>} [options]
 */
export function identifier(methods, options) {
  const label = /** @type {Text} */ (methods.length === 1 ? methods[0] : methods.length === 3 ? 'anyIdentifier' : [...methods].sort().join('Or'));
  const only = methods.length === 1 ? methods[0] : '';
  return new Field('identifier', {
    label, type: only === 'email' ? 'email' : only === 'phone' ? 'tel' : 'text', inputMode: only === 'email' ? 'email' : only === 'phone' ? 'tel' : undefined,
    autocomplete: 'username', params: ['email', 'username', 'phone'], value: ui.identifier,
    changed: (value) => (ui.identifier = value), ...options,
  });
}

/**
 * The member of a request for what the user typed as identifier.
 * @param {Array<'email' | 'username' | 'phone'>} methods
 * @param {string} text
 * @returns {any}
 */
export function identify(methods, text) {
  const looks = {email: text.includes('@'), phone: /^\+?[\d\s()/.-]{5,}$/.test(text), username: true};
  const method = methods.find((name) => name !== 'username' && looks[name]) ?? (methods.includes('username') ? 'username' : methods[0]);
  return {[method]: text};
}
