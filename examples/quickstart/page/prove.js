// Some things need a fresh proof of who somebody is.

import {button, element} from './dom.js';

// prove shows the ways to prove it in a dialog, and reports whether one was
// taken. proofs has, by flow, the section that asks for it; the section calls
// done when the proof is accepted.
export function prove(flows, proofs) {
  return new Promise((resolve) => {
    const dialog = element('dialog');
    const done = () => dialog.close('proved');
    dialog.onclose = () => {
      dialog.remove();
      resolve(dialog.returnValue === 'proved');
    };
    const ways = flows.flatMap((flow) => proofs[flow.id]?.(flow, done) ?? []);
    dialog.append(element('p', {}, 'Prove that it is you.'), ...ways, button('Cancel', () => dialog.close()));
    document.body.append(dialog);
    dialog.showModal();
  });
}
