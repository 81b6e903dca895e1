// The phone number.

import {call} from '../api.js';
import {button, form, paragraph, section} from '../dom.js';

export const phone = (app) => {
  let awaited = ''; // the number that a code was sent to

  const enterCode = (title) => form(title, {code: {label: 'Code', autocomplete: 'one-time-code'}},
    async (values) => {
      const answer = await app.ask('POST', 'auth/phone/verify', values);
      if (answer.status !== 400) awaited = '';
      return app.follow(answer, 'Your number is verified.');
    }, {
      label: 'Verify',
      intro: 'We have texted you a code.',
      more: [button('Text another code', () => app.step('POST', 'auth/phone/verify/resend', undefined, 'Another code is on its way.'))],
    });

  const change = () => form('Change your number', {phone: {label: 'Number, like +14155552671', type: 'tel'}},
    async (values) => {
      const answer = await app.ask('POST', 'account/phone', values);
      if (answer.status === 202) awaited = answer.data[0].phone;
      return app.follow(answer);
    }, {label: 'Text me a code'});

  return {
    stages: {verify_phone: () => enterCode('Verify your number')},

    settings: async () => {
      const answer = await call('GET', 'account/phone');
      if (answer.status !== 200) return []; // phone numbers are turned off
      const own = answer.data.map(({phone, verified}) => `${phone}${verified ? '' : ' (not verified)'}`).join(', ');
      return [
        section('Your phone number', paragraph(own || 'None.')),
        awaited ? enterCode(`Verify ${awaited}`) : change(),
      ];
    },
  };
};
