// The elements: <allauth-app> for all screens, or each screen on its own.

import * as account from './account.js';
import * as enter from './enter.js';
import {App} from './app.js';
import {Reauthenticate} from './reauthenticate.js';

export {configure, ui} from './ui.js';
export {reauthenticate} from './reauthenticate.js';

/** @type {Record<string, CustomElementConstructor>} */
const elements = {
  'login': enter.Login, 'request-code': enter.RequestCode, 'code': enter.Code,
  'signup': enter.Signup, 'passkey-signup': enter.PasskeySignup, 'create-passkey': enter.CreatePasskey,
  'verify-email': enter.VerifyEmail, 'confirm-email': enter.ConfirmEmail, 'verify-phone': enter.VerifyPhone,
  'request-reset': enter.RequestReset, 'reset-password': enter.ResetPassword,
  'second-factor': enter.SecondFactor, 'trust': enter.Trust,
  'provider-signup': enter.ProviderSignup, 'provider-callback': enter.ProviderCallback,
  'reauthenticate': Reauthenticate,
  'profile': account.Profile, 'emails': account.Emails, 'phone': account.Phone, 'password': account.Password,
  'factors': account.Factors, 'enroll': account.Enroll, 'totp': account.TOTP, 'recovery-codes': account.RecoveryCodes, 'keys': account.Keys,
  'connections': account.Connections, 'sessions': account.Sessions, 'activity': account.Activity, 'delete': account.Delete,
  'login-alert': account.LoginAlert,
  'app': App, // the last one, as it creates the others
};
for (const [name, element] of Object.entries(elements)) customElements.define('allauth-' + name, element);
