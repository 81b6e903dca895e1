// The authenticator app and the recovery codes of an account.

import {call, problems} from '../api.js';
import {button, element, form, paragraph, section} from '../dom.js';

const totp = 'account/authenticators/totp', recovery = 'account/authenticators/recovery-codes';

// picture returns a text as a QR code. The server draws it, as the text contains a
// secret that no other site should get.
async function picture(text) {
  const response = await fetch('/qr', {method: 'POST', body: text});
  const source = `data:image/svg+xml,${encodeURIComponent(await response.text())}`;
  return element('img', {alt: 'QR code', width: 240, src: source});
}

export const authenticators = (app) => {
  // setUp shows a new secret, and asks for a code to check that the app has it.
  const setUp = (place) => async () => {
    const answer = await app.ask('GET', totp);
    if (!answer.meta?.totp_url) return problems(answer);
    place.replaceChildren(
      paragraph('Scan this with your app, or type the secret:'), await picture(answer.meta.totp_url), element('code', {}, answer.meta.secret),
      form('Test your app', {code: {label: 'Code from your app', autocomplete: 'one-time-code'}},
        (values) => app.step('POST', totp, values, 'Your app is set up. Write your recovery codes down.'), {label: 'Go on'}));
  };

  const show = (place, method) => async () => {
    const answer = await app.ask(method, recovery);
    if (answer.status !== 200) return problems(answer);
    place.replaceChildren(element('pre', {}, (answer.data.unused_codes ?? ['They were already shown.']).join('\n')));
  };

  return {
    settings: async () => {
      const types = app.config.mfa?.supported_types ?? [];
      if (!types.includes('totp')) return [];
      const {data: own = []} = await call('GET', 'account/authenticators');
      const hasApp = own.some(({type}) => type === 'totp');
      const codes = own.find(({type}) => type === 'recovery_codes');
      const apps = element('div'), lines = element('div');
      apps.append(hasApp
        ? button('Remove your app', () => app.step('DELETE', totp, undefined, 'Your app is removed.'))
        : button('Set up an app', setUp(apps)));
      return [
        section('Two-factor authentication', paragraph(hasApp ? 'Each login asks for a code of your authenticator app.' : 'You have no authenticator app.'), apps),
        codes && section('Your recovery codes', paragraph(`${codes.unused_code_count} of ${codes.total_code_count} are left.`), lines,
          button('Show', show(lines, 'GET')), button('Generate new codes', show(lines, 'POST'))),
      ];
    },
  };
};
