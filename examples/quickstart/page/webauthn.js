// Security keys and passkeys: the server asks, the browser has the key answer,
// and the server gets that answer.

const refused = {status: 400, errors: [{message: 'The browser did not get an answer from a key.'}]};

// useKey has a key of the user's answer at an endpoint. send is how requests are
// sent.
export async function useKey(send, path) {
  const asked = await send('GET', path);
  if (asked.status !== 200) return asked;
  return answered(async () => {
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(asked.data.request_options.publicKey);
    return navigator.credentials.get({publicKey});
  }, (credential) => send('POST', path, {credential}));
}

// makeKey has a new key answer at an endpoint, to which the answer goes by
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
    return refused; // the person declined, has no such key, or took too long
  }
  return then(credential);
}
