// Some things need a fresh proof of who somebody is.

import {call, problems} from './api.js';
import {element} from './form.js';

// prove asks for the password in a dialog, and reports whether it was right.
export function prove() {
  return new Promise((resolve) => {
    const input = element('input', {type: 'password', id: 'proof', autocomplete: 'current-password', required: true});
    const error = element('span', {className: 'error', role: 'alert'});
    const form = element('form', {}, element('label', {}, 'Your password, once more', input, error), element('button', {}, 'Go on'));
    const dialog = element('dialog', {onclose: () => { dialog.remove(); resolve(dialog.returnValue === 'proved'); }}, form);
    form.onsubmit = async (event) => {
      event.preventDefault();
      const answer = await call('POST', 'auth/reauthenticate', {password: input.value});
      if (answer.status === 200) dialog.close('proved');
      else error.textContent = Object.values(problems(answer)).flat().join(' ') || 'Try again later.';
    };
    document.body.append(dialog);
    dialog.showModal();
  });
}
