// Functions that evaluate puts before each expression of the harness. An expression that waits for
// an element returns '' or undefined if it is there, and the reason otherwise.

const visible = e => e.checkVisibility({ opacityProperty: true, visibilityProperty: true }) &&
  [...e.getClientRects()].some(r => r.width > 0 && r.height > 0);

const all = selector => [...document.querySelectorAll(selector)].filter(visible);

const textOf = e => 'value' in e && /^(INPUT|TEXTAREA)$/.test(e.tagName) ? e.value : e.innerText.trim();

const find = (selector, text) => all(selector).find(e => textOf(e).includes(text));

const name = e => e.tagName.toLowerCase() + (e.id && '#' + e.id) + [...e.classList].map(c => '.' + c).join('');

const frame = () => new Promise(resolve => requestAnimationFrame(resolve));

// target scrolls to an element and returns the point to click, or the reason why it cannot be clicked.
const target = async (selector, text) => {
  const e = find(selector, text);
  if (!e) return { reason: all(selector).length ? 'no visible element has the text' : 'no visible element' };
  if (e.matches(':disabled')) return { reason: 'the element is disabled' };
  const box = () => [...e.getClientRects()].find(r => r.width > 0 && r.height > 0) ?? new DOMRect();
  let b = box();
  if (b.top < 0 || b.left < 0 || b.bottom > innerHeight || b.right > innerWidth) {
    e.scrollIntoView({ block: 'center', inline: 'center', behavior: 'instant' });
  }
  await frame();
  b = box();
  await frame();
  const now = box();
  if (b.x !== now.x || b.y !== now.y || now.width === 0) return { reason: 'the element moves' };
  const x = now.x + now.width / 2;
  const y = now.y + now.height / 2;
  const hit = document.elementFromPoint(x, y);
  if (!hit) return { reason: 'the element is outside the viewport' };
  if (!e.contains(hit)) return { reason: 'the element is covered by ' + name(hit) };
  return { x, y };
};

const stored = async () => {
  const found = [];
  for (const kind of ['localStorage', 'sessionStorage']) {
    for (const key of Object.keys(window[kind])) found.push(`storage: ${kind} ${key}`);
  }
  for (const db of await indexedDB.databases()) found.push(`storage: IndexedDB ${db.name}`);
  if (window.caches) for (const key of await caches.keys()) found.push(`storage: cache ${key}`);
  return found;
};
