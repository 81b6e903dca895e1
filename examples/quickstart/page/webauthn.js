// Security keys and passkeys: the server sends options, the browser gets the
// response of a key, and the server verifies it.

const refused = {status: 400, errors: [{message: 'The browser got no response from a key. Try again.'}]};

// useKey gets the options of an endpoint and sends it the response of the user's
// key. send sends requests.
export async function useKey(send, path) {
  const asked = await send('GET', path);
  if (asked.status !== 200) return asked;
  return answered(async () => {
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(asked.data.request_options.publicKey);
    return navigator.credentials.get({publicKey});
  }, (credential) => send('POST', path, {credential}));
}

// makeKey gets the options of an endpoint, and sends it the response of a new key by
// method, with other fields.
export async function makeKey(send, path, method, fields, query = '') {
  const asked = await send('GET', path + query);
  if (asked.status !== 200) return asked;
  return answered(async () => {
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(asked.data.creation_options.publicKey);
    return navigator.credentials.create({publicKey});
  }, (credential) => send(method, path, {credential, ...fields}));
}

async function answered(ask, then) {
  let credential;
  try {
    credential = (await ask()).toJSON();
  } catch {
    return refused; // the user declined, has no such key, or took too long
  }
  return then(credential);
}
