// Security keys and passkeys: the server sends options, the browser gets the response of a
// key, and the server verifies it.

/**
 * @import {Client, Answer, Failure} from './client.js'
 * @import {Key} from './api.js'
 */

/** Signals (WebAuthn §5.1.10), which few browsers have and TypeScript does not know. */
/** @type {any} */
const signals = globalThis.PublicKeyCredential;

/** Whether this browser can use keys on this page. */
export function supportsKeys() {
  return typeof globalThis.PublicKeyCredential?.parseRequestOptionsFromJSON === 'function';
}

/** Whether this browser offers passkeys in the field of the username. */
export async function supportsAutofill() {
  return supportsKeys() && Boolean(await PublicKeyCredential.isConditionalMediationAvailable?.());
}

/**
 * Authenticates with a key of the user. With `mediation: 'conditional'` the browser offers
 * passkeys in the field of the username and returns when the user chooses one.
 * @param {Client} client
 * @param {'auth/webauthn/login' | 'auth/webauthn/authenticate' | 'auth/webauthn/reauthenticate'} path
 * @param {{signal?: AbortSignal, mediation?: CredentialMediationRequirement}} [options]
 * @returns {Promise<Answer>}
 */
export async function useKey(client, path, {signal, mediation} = {}) {
  if (!supportsKeys()) return {status: 0, failure: 'unsupported'};
  /** @type {Answer} */
  const options = await client.call(`GET ${path}`, undefined, {signal});
  if (options.status !== 200) return options;
  const json = options.data.request_options.publicKey;
  const {credential, failed} = await respond(() => navigator.credentials.get({
    publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(json), signal, mediation,
  }), signal);
  if (failed) return failed;
  /** @type {Answer} */
  const answer = await client.call(`POST ${path}`, {credential});
  if (answer.errors?.some(({code}) => code === 'unknown_credential')) {
    await signals.signalUnknownCredential?.({rpId: json.rpId, credentialId: credential.id});
  }
  return answer;
}

/**
 * Creates a key: that of a sign-up by `PUT auth/webauthn/signup`, or another one of a
 * logged-in user by `POST account/authenticators/webauthn`.
 * @param {Client} client
 * @param {'PUT auth/webauthn/signup' | 'POST account/authenticators/webauthn'} operation
 * @param {{name?: string, query?: string, signal?: AbortSignal}} [options] The query is that of the options, such as '?passwordless'.
 * @returns {Promise<Answer>}
 */
export async function createKey(client, operation, {name, query, signal} = {}) {
  if (!supportsKeys()) return {status: 0, failure: 'unsupported'};
  const path = /** @type {'auth/webauthn/signup' | 'account/authenticators/webauthn'} */ (operation.split(' ')[1]);
  /** @type {Answer} */
  const options = await client.call(`GET ${path}`, undefined, {signal, query});
  if (options.status !== 200) return options;
  const {publicKey, mediation} = options.data.creation_options;
  const {credential, failed} = await respond(() => navigator.credentials.create(/** @type {CredentialCreationOptions} */ ({
    publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(publicKey), signal, mediation,
  })), signal);
  return failed ?? client.call(operation, name ? {credential, name} : {credential});
}

/**
 * Creates a passkey without asking the user, after a login with a password, if the server
 * and the password manager agree. Returns whether there is one now.
 * @param {Client} client
 */
export async function upgradeToPasskey(client) {
  const config = await client.config();
  const capabilities = await signals?.getClientCapabilities?.();
  if (!config?.mfa?.passkey_upgrade_enabled || !capabilities?.conditionalCreate) return false;
  const answer = await createKey(client, 'POST account/authenticators/webauthn', {query: '?passwordless&mediation=conditional'});
  return answer.status === 200;
}

/**
 * Tells password managers which passkeys the user has, and the user's name, and returns
 * the keys. Call it after a login, and when keys or the name have changed. A wrong signal
 * deletes passkeys: without a complete list nothing is told.
 * @param {Client} client
 * @param {Key[]} [earlier] The keys from before a removal.
 */
export async function signalKeys(client, earlier = []) {
  if (!signals?.signalAllAcceptedCredentials) return earlier;
  const {state} = client;
  const list = await client.call('GET account/authenticators');
  if (list.status !== 200 || client.state !== state || state.name !== 'signedIn') return [];
  const keys = list.data.filter((item) => item.type === 'webauthn');
  if (keys.some((key) => !key.credential_id)) return keys; // the server sends no signals
  const {email, username, id, display} = state.user;
  for (const {rp_id: rpId, user_handle: userId} of new Map([...earlier, ...keys].map((key) => [key.user_handle, key])).values()) {
    if (!userId) continue;
    await signals.signalAllAcceptedCredentials({rpId, userId, allAcceptedCredentialIds: keys.map((key) => key.credential_id)});
    await signals.signalCurrentUserDetails?.({rpId, userId, name: email ?? username ?? String(id), displayName: display});
  }
  return keys;
}

/**
 * The response of a key as JSON, or why there is none.
 * @param {() => Promise<Credential | null>} ask
 * @param {AbortSignal} [signal]
 * @returns {Promise<{credential?: any, failed?: Failure}>}
 */
async function respond(ask, signal) {
  try {
    return {credential: /** @type {PublicKeyCredential} */ (await ask()).toJSON()};
  } catch (error) {
    if (signal?.aborted) throw error;
    const duplicate = error instanceof DOMException && error.name === 'InvalidStateError';
    return {failed: {status: 0, failure: duplicate ? 'duplicate' : 'cancelled'}};
  }
}
