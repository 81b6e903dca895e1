// Forms and lists, made of what they hold.

export function element(tag, properties = {}, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children.filter((child) => child != null));
  return node;
}

// button runs act when it is pressed, and tells of the problems it returns.
export function button(label, act) {
  const onclick = async () => {
    const found = await act();
    if (found) tell(Object.values(found).flat().join(' '));
  };
  return element('button', {type: 'button', onclick}, label);
}

export function section(title, ...children) {
  return element('section', {}, element('h2', {}, title), ...children);
}

// form asks for fields, given as {name: {label, type, …}}, and hands their
// values to submit, which returns the problems by field, or nothing.
export function form(title, fields, submit, label = title) {
  const errors = {};
  const error = (name) => (errors[name] = element('span', {className: 'error', role: 'alert'}));
  const rows = Object.entries(fields).map(([name, {label: text, ...properties}]) =>
    element('label', {}, text, element('input', {name, id: name, required: true, ...properties}), error(name)));
  const node = element('form', {}, ...rows, error(''), element('button', {}, label));
  node.onsubmit = async (event) => {
    event.preventDefault();
    const values = Object.fromEntries(new FormData(node));
    const found = (await submit(values)) ?? {};
    for (const [name, place] of Object.entries(errors)) {
      place.textContent = (found[name] ?? []).join(' ');
    }
    const elsewhere = Object.entries(found).filter(([name]) => !(name in errors)).flatMap(([, texts]) => texts);
    errors[''].textContent += elsewhere.join(' ');
  };
  return section(title, node);
}

export function list(items) {
  return element('ul', {}, ...items.map(({text, actions = []}) =>
    element('li', {}, element('span', {}, text), ...actions)));
}

const main = document.getElementById('main');
const note = document.getElementById('note');

export function show(...sections) {
  main.replaceChildren(...sections.filter((child) => child != null));
}

export function tell(text) {
  note.textContent = text;
}

export function who(...children) {
  document.getElementById('who').replaceChildren(...children);
}
