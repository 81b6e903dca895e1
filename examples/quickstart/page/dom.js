// Functions that make forms, lists and other elements.

export function element(tag, properties = {}, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children.filter(Boolean));
  return node;
}

export function section(title, ...children) {
  return element('section', {}, element('h2', {}, title), ...children);
}

export function paragraph(text) {
  return element('p', {}, text);
}

// button makes a button that calls act and shows the problems that it returns.
export function button(label, act) {
  const node = element('button', {type: 'button'}, label);
  node.onclick = () => whileDisabled([node], async () => {
    const found = await act();
    if (found) tell(Object.values(found).flat().join(' '));
  });
  return node;
}

// form makes a form of fields, given as {name: {label, type, …}}. It calls submit
// with their values and shows the problems, by field, that submit returns.
export function form(title, fields, submit, {label = title, intro, more = []} = {}) {
  const places = {};
  const place = (name) => (places[name] = element('span', {className: 'error', role: 'alert'}));
  const rows = Object.entries(fields).map(([name, {label: text, ...properties}]) =>
    element('label', {}, text, element('input', {name, required: true, ...properties}), place(name)));
  const send = element('button', {}, label);
  const node = element('form', {}, ...rows, place(''), element('div', {}, send, ...more));
  node.onsubmit = (event) => {
    event.preventDefault();
    spread({}, places);
    return whileDisabled([send], async () => spread(await submit(Object.fromEntries(new FormData(node))) ?? {}, places));
  };
  return section(title, intro && paragraph(intro), node);
}

// whileDisabled disables buttons while act runs, and removes the message of the last
// step.
async function whileDisabled(buttons, act) {
  tell('');
  buttons.forEach((b) => (b.disabled = true));
  try {
    await act();
  } finally {
    buttons.forEach((b) => (b.disabled = false));
  }
}

// spread shows problems at their fields. Those of other fields are shown at the end
// of the form.
function spread(found, places) {
  const rest = Object.entries(found).filter(([name]) => !places[name]).flatMap(([, texts]) => texts);
  for (const [name, place] of Object.entries(places)) {
    place.textContent = [...(found[name] ?? []), ...(name === '' ? rest : [])].join(' ');
  }
}

export function list(items) {
  if (items.length === 0) return paragraph('None.');
  return element('ul', {}, ...items.map(({text, actions = []}) =>
    element('li', {}, element('span', {}, text), ...actions)));
}

const slot = (id) => document.getElementById(id);

// show replaces the content of the page.
export function show(...sections) {
  slot('main').replaceChildren(...sections.flat(Infinity).filter(Boolean));
}

// tell replaces the message above the content.
export function tell(text) {
  slot('note').textContent = text;
}

// who replaces the line about the logged-in user.
export function who(...children) {
  slot('who').replaceChildren(...children);
}
