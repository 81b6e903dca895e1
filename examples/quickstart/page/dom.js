// Forms and lists, made of what they hold.

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

// button runs act when it is pressed, and tells of the problems it returns.
export function button(label, act) {
  const node = element('button', {type: 'button'}, label);
  node.onclick = () => whileDisabled([node], async () => {
    const found = await act();
    if (found) tell(Object.values(found).flat().join(' '));
  });
  return node;
}

// form asks for fields, given as {name: {label, type, …}}, and hands their
// values to submit, which returns the problems by field, or nothing.
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

// whileDisabled keeps people from pressing twice, and takes down what was told
// about the last step.
async function whileDisabled(buttons, act) {
  tell('');
  buttons.forEach((b) => (b.disabled = true));
  try {
    await act();
  } finally {
    buttons.forEach((b) => (b.disabled = false));
  }
}

// spread writes problems beside their fields. Those of fields that are not shown
// go to the end of the form.
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

// show replaces what the page is about.
export function show(...sections) {
  slot('main').replaceChildren(...sections.flat(Infinity).filter(Boolean));
}

// tell replaces the one message above it.
export function tell(text) {
  slot('note').textContent = text;
}

// who replaces what is said about who is logged in.
export function who(...children) {
  slot('who').replaceChildren(...children);
}
