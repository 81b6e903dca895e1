// A client of the browser API. Every answer is JSON with a status, and data,
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
    return {status: 0}; // no answer, or none of the API's
  }
}

// isStale tells whether an answer asks somebody who is logged in for a fresh
// proof of who they are.
function isStale(answer) {
  return answer.status === 401 && answer.meta?.is_authenticated && Boolean(answer.data?.flows);
}

// call sends a request. If the answer asks for a fresh proof, prove gets the
// flows to choose from, and if it succeeds the request is sent once more.
export async function call(method, path, body, {headers, prove} = {}) {
  const answer = await send(method, path, body, headers);
  if (prove && isStale(answer) && await prove(answer.data.flows)) {
    return send(method, path, body, headers);
  }
  return answer;
}

// redirect sends the browser to a provider. It has to be a form: no script can
// follow to another site.
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

// problems returns what is wrong, in texts by field; those of no field are under
// ''. It returns nothing if the request did what it should, or led to another
// step.
export function problems(answer) {
  if (answer.errors) {
    const found = {};
    for (const error of answer.errors ?? []) (found[error.param ?? ''] ??= []).push(error.message);
    return found;
  }
  if (isStale(answer)) return {'': ['You have to prove who you are first.']};
  if (answer.status === 403) return {'': ['This is not allowed.']};
  if (answer.status === 404) return {'': ['There is no such thing.']};
  if (answer.status === 429) return {'': [`Too many attempts. Try again in ${answer.retryAfter} seconds.`]};
  if (answer.status === 0 || answer.status >= 500) return {'': ['The server can not do this now. Try again later.']};
}
