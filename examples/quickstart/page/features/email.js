// Email addresses: verification by link or code, and the list of addresses.

import {call} from '../api.js';
import {button, form, list, section, tell} from '../dom.js';

export const email = (app) => {
  const byCode = () => app.config.account?.email_verification_by_code_enabled;

  const enterCode = (title) => form(title, {key: {label: 'Code', autocomplete: 'one-time-code'}},
    (values) => app.step('POST', 'auth/email/verify', values, 'Your address is verified.'), {
      label: 'Verify',
      intro: 'We have mailed you a code.',
      more: [button('Mail another code', () => app.step('POST', 'auth/email/verify/resend', undefined, 'Another code is on its way.'))],
    });

  const openLink = () => section('Verify your address', 'We have mailed you a link. Open it, then log in.');

  // actions returns the buttons of an address.
  const actions = ({email, verified, primary}) => [
    !verified && button('Mail again', () => app.step('PUT', 'account/email', {email}, 'The mail is on its way.')),
    verified && !primary && button('Make primary', () => app.step('PATCH', 'account/email', {email, primary: true})),
    button('Remove', () => app.step('DELETE', 'account/email', {email})),
  ].filter(Boolean);

  return {
    stages: {verify_email: () => (byCode() ? enterCode('Verify your address') : openLink())},

    pages: {
      '/account/verify-email/': async (key) => {
        const answer = await call('GET', 'auth/email/verify', undefined, {headers: {'X-Email-Verification-Key': key}});
        if (answer.status !== 200) {
          tell('This link is no longer valid.');
          return null;
        }
        return form('Verify your address', {}, () => app.step('POST', 'auth/email/verify', {key}, 'Your address is verified.'),
          {label: 'Verify', intro: `Is ${answer.data.email} your address?`});
      },
    },

    settings: async () => {
      const {data: addresses = []} = await call('GET', 'account/email');
      const waiting = byCode() && addresses.some((address) => !address.verified);
      return [
        section('Your addresses', list(addresses.map((address) => ({
          text: `${address.email}${address.primary ? ' (primary)' : ''}${address.verified ? '' : ' (not verified)'}`,
          actions: actions(address),
        })))),
        waiting && enterCode('Verify the new address'),
        form('Add an address', {email: {label: 'Email address', type: 'email'}},
          (values) => app.step('POST', 'account/email', values, 'The mail is on its way.'), {label: 'Add'}),
      ];
    },
  };
};
