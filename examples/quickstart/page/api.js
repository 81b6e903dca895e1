// A client of the browser API. Every answer is JSON with a status, and data,
// meta or errors.

const base = '/_allauth/browser/v1/';

function cookie(name) {
  const found = document.cookie.split('; ').find((c) => c.startsWith(name + '='));
  return found ? found.slice(name.length + 1) : '';
}

async function send(method, path, body, headers) {
  const response = await fetch(base + path, {
    method,
    headers: {'Content-Type': 'application/json', 'X-CSRFToken': cookie('csrftoken'), ...headers},
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const answer = await response.json();
  answer.retryAfter = response.headers.get('Retry-After');
  return answer;
}

// call sends a request. If the answer asks for a fresh proof of who this is,
// prove gets it, and the request is sent once more.
export async function call(method, path, body, {headers, prove} = {}) {
  const answer = await send(method, path, body, headers);
  const stale = answer.status === 401 && answer.meta?.is_authenticated && answer.data?.flows;
  if (stale && prove && await prove(answer.data.flows)) {
    return send(method, path, body, headers);
  }
  return answer;
}

// redirect sends the browser to a provider.
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

// problems sorts the errors of an answer by field; those of none are under ''.
export function problems(answer) {
  const found = {};
  for (const error of answer.errors ?? []) {
    (found[error.param ?? ''] ??= []).push(error.message);
  }
  return found;
}
