// A client of the browser API. Every response is JSON with a status, and data,
// meta or errors.

const base = '/_allauth/browser/v1/';

function cookie(name) {
  const found = document.cookie.split('; ').find((c) => c.startsWith(name + '='));
  return found ? found.slice(name.length + 1) : '';
}

async function send(method, path, body, headers) {
  try {
    const response = await fetch(base + path, {
      method,
      headers: {'Content-Type': 'application/json', 'X-CSRFToken': cookie('csrftoken'), ...headers},
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    return {...await response.json(), retryAfter: response.headers.get('Retry-After')};
  } catch {
    return {status: 0}; // no response, or none of the API
  }
}

// isStale returns whether a logged-in user has to reauthenticate.
function isStale(response) {
  return response.status === 401 && response.meta?.is_authenticated && Boolean(response.data?.flows);
}

// call sends a request. If the user has to reauthenticate, it calls
// reauthenticate with the available flows, and sends the request again if that
// succeeds.
export async function call(method, path, body, {headers, reauthenticate} = {}) {
  const response = await send(method, path, body, headers);
  if (reauthenticate && isStale(response) && await reauthenticate(response.data.flows)) {
    return send(method, path, body, headers);
  }
  return response;
}

// redirect sends the browser to a provider. It posts a form, as scripts cannot
// follow a redirect to another site.
export function redirect(provider, process) {
  const form = document.createElement('form');
  form.method = 'post';
  form.action = base + 'auth/provider/redirect';
  const fields = {provider, process, callback_url: '/', csrfmiddlewaretoken: cookie('csrftoken')};
  for (const [name, value] of Object.entries(fields)) {
    form.append(Object.assign(document.createElement('input'), {type: 'hidden', name, value}));
  }
  document.body.append(form);
  form.submit();
}

// problems returns the messages of a response by field; those without a field are
// under ''. It returns nothing if the request succeeded, or another step is
// pending.
export function problems(response) {
  if (response.errors) {
    const found = {};
    for (const error of response.errors ?? []) (found[error.param ?? ''] ??= []).push(error.message);
    return found;
  }
  if (isStale(response)) return {'': ['Confirm that it is you first.']};
  if (response.status === 403) return {'': ['This is not allowed.']};
  if (response.status === 404) return {'': ['Not found.']};
  if (response.status === 429) return {'': [`Too many attempts. Try again in ${response.retryAfter} seconds.`]};
  if (response.status === 0 || response.status >= 500) return {'': ['The server is unavailable. Try again later.']};
}
