// Some requests require that the user reauthenticates.

import {button, element} from './dom.js';

// reauthenticate shows the sections of the flows in a dialog, and returns whether
// the user reauthenticated. sections makes, by flow, a section that calls done on
// success.
export async function reauthenticate(flows, sections) {
  const dialog = element('dialog');
  const done = () => dialog.close('done');
  const ways = await Promise.all(flows.map((flow) => sections[flow.id]?.(flow, done)));
  return new Promise((resolve) => {
    dialog.onclose = () => {
      dialog.remove();
      resolve(dialog.returnValue === 'done');
    };
    dialog.append(element('p', {}, 'Confirm that it is you.'), ...ways.flat(Infinity).filter(Boolean), button('Cancel', () => dialog.close()));
    document.body.append(dialog);
    dialog.showModal();
  });
}
