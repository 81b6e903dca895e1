// All of the client.

export * from './client.js';
export {createKey, signalKeys, supportsAutofill, supportsKeys, upgradeToPasskey, useKey} from './keys.js';
