// The account of somebody who is logged in.

import {call} from './api.js';
import {button, form, list, section} from './form.js';

// account returns the sections of the page. step sends a request and shows what
// comes next.
export async function account(step) {
  const [emails, sessions] = await Promise.all([call('GET', 'account/email'), call('GET', 'auth/sessions')]);
  return [
    addresses(emails.data, step),
    form('Add an address', {email: {label: 'E-mail address', type: 'email'}}, (values) => step('POST', 'account/email', values, 'Open the link in the mail.'), 'Add'),
    form('Change your password', {
      current_password: {label: 'Current password', type: 'password', autocomplete: 'current-password'},
      new_password: {label: 'New password', type: 'password', autocomplete: 'new-password'},
    }, (values) => step('POST', 'account/password/change', values, 'Your password is changed.'), 'Change'),
    section('Your sessions', list(sessions.data.map((session) => ({
      text: `${session.ip} ${session.user_agent} ${session.is_current ? '(this one)' : ''}`,
      actions: [button('End', () => step('DELETE', 'auth/sessions', {sessions: [session.id]}))],
    })))),
  ];
}

function addresses(emails, step) {
  return section('Your addresses', list(emails.map(({email, verified, primary}) => ({
    text: `${email} ${primary ? '(primary)' : ''} ${verified ? '' : '(not verified)'}`,
    actions: [
      !verified && button('Mail again', () => step('PUT', 'account/email', {email}, 'The mail is on its way.')),
      verified && !primary && button('Make primary', () => step('PATCH', 'account/email', {email, primary: true})),
      !primary && button('Remove', () => step('DELETE', 'account/email', {email})),
    ].filter(Boolean),
  }))));
}
