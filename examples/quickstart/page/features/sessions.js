// The user's sessions.

import {call} from '../api.js';
import {button, list, section} from '../dom.js';

export const sessions = (app) => ({
  settings: async () => {
    const {data: own = []} = await call('GET', 'auth/sessions');
    const others = own.filter((session) => !session.is_current).map((session) => session.id);
    return section('Your sessions',
      list(own.map((session) => ({
        text: `${new Date(session.created_at * 1000).toLocaleString()}, ${session.ip}, ${session.user_agent}${session.is_current ? ' (this one)' : ''}`,
        actions: [button('End', () => app.step('DELETE', 'auth/sessions', {sessions: [session.id]}))],
      }))),
      others.length > 0 && button('End all others', () => app.step('DELETE', 'auth/sessions', {sessions: others})));
  },
});
