// Login through third parties.

import {call, redirect} from '../api.js';
import {button, form, list, section} from '../dom.js';

export const providers = (app) => {
  const known = () => app.config.socialaccount?.providers ?? [];

  // buttons returns buttons that send the browser to the providers with these ids.
  const buttons = (ids, verb, process) => known().filter(({id}) => ids.includes(id))
    .map(({id, name}) => button(`${verb} ${name}`, () => redirect(id, process)));

  return {
    starts: {
      provider_redirect: (flow) => section('Log in with a provider', ...buttons(flow.providers, 'Log in with', 'login')),
    },

    stages: {
      provider_signup: async (flow) => {
        const {data} = await call('GET', 'auth/provider/signup');
        const email = {label: 'Email address', type: 'email', value: data?.email?.[0]?.email ?? ''};
        return form('Complete your sign-up', {email}, (values) => app.step('POST', 'auth/provider/signup', values),
          {label: 'Sign up', intro: `${flow.provider.name} says you are ${data?.account?.display ?? 'a new user'}.`});
      },
    },

    reauthentications: {
      provider_reauthenticate: (flow) => section('Your provider', ...buttons(flow.providers, 'Log in again with', 'login')),
    },

    settings: async () => {
      if (known().length === 0) return [];
      const {data: accounts = []} = await call('GET', 'account/providers');
      return section('Your accounts at providers',
        list(accounts.map(({uid, display, provider}) => ({
          text: `${provider.name}: ${display}`,
          actions: [button('Disconnect', () => app.step('DELETE', 'account/providers', {provider: provider.id, account: uid}))],
        }))),
        ...buttons(known().map(({id}) => id), 'Connect', 'connect'));
    },
  };
};
