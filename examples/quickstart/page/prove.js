// Some things need a fresh proof of who somebody is.

import {button, element} from './dom.js';

// prove shows the ways to prove it in a dialog, and reports whether one was
// taken. proofs has, by flow, the section that asks for it; the section calls
// done when the proof is accepted.
export async function prove(flows, proofs) {
  const dialog = element('dialog');
  const done = () => dialog.close('proved');
  const ways = await Promise.all(flows.map((flow) => proofs[flow.id]?.(flow, done)));
  return new Promise((resolve) => {
    dialog.onclose = () => {
      dialog.remove();
      resolve(dialog.returnValue === 'proved');
    };
    dialog.append(element('p', {}, 'Prove that it is you.'), ...ways.flat(Infinity).filter(Boolean), button('Cancel', () => dialog.close()));
    document.body.append(dialog);
    dialog.showModal();
  });
}
