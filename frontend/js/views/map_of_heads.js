/** The map of heads, in a dialog: heads that attend alike lie near each other. */

import { canvasPalette, cssColor, rampStops } from '../colors.js';
import { createCleanup, el, ICONS, icon, setAttribute, setText } from '../dom.js';
import { fitHeads, headNear, headTowards, placeNames } from '../head_places.js';
import { count, headWords, measureWords, titleWords } from '../words.js';

/** @import { Context, HeadsMap, HeadId, State, View } from '../page.js' */
/** @import { Places } from '../head_places.js' */

const MAP_ICON = 'M4 4.5h.01M7 9h.01M11.5 3.5h.01M12.5 10h.01M4.5 12.5h.01M9.5 6.5h.01M9 13h.01';
const MARGIN_PX = 34;
const REACH_PX = 28;
/** From so many heads on dots are small. */
const MANY = 200;
/** From this stress on the picture is told to be taken with care. (Kruskal 1964 calls 0.2 poor.) */
const POOR_STRESS = 0.2;

/**
 * @param {HTMLElement} root where the button goes
 * @param {Pick<Context, 'actions' | 'api' | 'facts' | 'store'>} context
 * @returns {View & {open: () => void, button: HTMLElement}}
 */
export function createMapOfHeads(root, { actions, api, facts, store }) {
  const cleanup = createCleanup();
  const button = el('button', { class: 'button', type: 'button', title: 'Map of heads: which attend alike (key m)', onClick: open }, icon(MAP_ICON), el('span', { class: 'bar__label' }, 'Map of heads'));
  const words = el('p', { class: 'heads__words soft', role: 'status' });
  const lines = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  setAttribute(lines, 'class', 'constellation__lines');
  setAttribute(lines, 'aria-hidden', 'true');
  const names = el('div', { class: 'constellation__names', 'aria-hidden': 'true' });
  const dots = el('div', { class: 'constellation__dots', role: 'group', 'aria-label': 'Heads; arrow keys lead from one to the next' });
  const plot = el('div', { class: 'constellation__plot', onPointermove: point, onPointerleave: () => tell(-1), onClick: click, onKeydown: walk }, lines, dots, names);
  const about = el('div', { class: 'constellation__about' });
  const told = el('div', { class: 'constellation__told' });
  const close = el('button', { class: 'button button--quiet button--icon', type: 'button', title: 'Close (Esc)', onClick: () => dialog.close() }, icon(ICONS.close), el('span', { class: 'visually-hidden' }, 'Close'));
  const body = el('div', { class: 'constellation' }, plot, el('div', { class: 'constellation__side' }, told, about));
  const dialog = el('dialog', { class: 'heads heads--map', 'aria-label': 'Map of heads', onClose: stop, onClick: (/** @type {MouseEvent} */ event) => { if (event.target === dialog) dialog.close(); } },
    el('div', { class: 'heads__head' }, el('h2', {}, 'Map of heads'), close), words, body);
  root.append(button);
  document.body.append(dialog);
  /** @type {HeadsMap | null} */
  let map = null;
  /** @type {Places | null} */
  let places = null;
  /** @type {AbortController | null} */
  let asked = null;
  let shown = -1;
  const observer = new ResizeObserver(() => { if (dialog.open) arrange(); });
  observer.observe(plot);
  cleanup.add(() => observer.disconnect());

  function stop() {
    asked?.abort();
    asked = null;
  }

  async function open() {
    const { dataset } = store.get();
    if (dataset === null || button.hidden) return;
    if (!dialog.open) dialog.showModal();
    stop();
    const own = asked = new AbortController();
    body.hidden = true;
    setText(words, 'Loading the map of heads …');
    try {
      const found = await api.similarity(dataset, own.signal);
      if (own.signal.aborted) return;
      map = found;
      setText(words, 'Heads that attend alike lie near each other. A click opens a head.');
      body.hidden = false;
      draw();
      /** @type {HTMLElement | null} */ (dots.querySelector('[tabindex="0"]'))?.focus();
    } catch (error) {
      if (own.signal.aborted) return;
      setText(words, `Could not load the map of heads. ${error instanceof Error ? error.message : String(error)} `);
      words.append(el('button', { class: 'button button--small', type: 'button', onClick: open }, 'Try again'));
    }
  }

  function draw() {
    if (!map) return;
    const { at, palette } = store.get();
    const theme = document.documentElement.dataset.theme === 'dark' ? 'dark' : 'light';
    const ramp = canvasPalette(theme, palette).layers;
    const nLayers = 1 + Math.max(...map.heads.map(({ layer }) => layer));
    const current = map.heads.findIndex((head) => isSame(head, at));
    dots.replaceChildren(...map.heads.map((head, i) => {
      const dot = el('button', { class: 'constellation__dot', type: 'button', tabindex: i === Math.max(0, current) ? '0' : '-1', 'aria-current': i === current ? 'true' : null, 'aria-label': dotWords(head), onFocus: () => tell(i) });
      dot.style.backgroundColor = cssColor(ramp[nLayers > 1 ? Math.round((head.layer / (nLayers - 1)) * (ramp.length - 1)) : ramp.length >> 1]);
      return dot;
    }));
    dots.classList.toggle('is-many', map.heads.length > MANY);
    about.replaceChildren(...aboutParts(map, rampStops(ramp), nLayers));
    arrange();
    tell(current);
  }

  function arrange() {
    if (!map || plot.clientWidth === 0) return;
    const room = { width: plot.clientWidth, height: plot.clientHeight };
    const found = places = fitHeads(map.heads, room, MARGIN_PX);
    const all = /** @type {HTMLElement[]} */ ([...dots.children]);
    all.forEach((dot, i) => { dot.style.translate = `${found.x[i]}px ${found.y[i]}px`; });
    const current = map.heads.findIndex((head) => isSame(head, store.get().at));
    const texts = map.heads.map(titleWords);
    const pen = document.createElement('canvas').getContext('2d');
    const style = getComputedStyle(names);
    if (pen) pen.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
    const widths = texts.map((text) => pen?.measureText(text).width ?? 0);
    const size = { widths, height: 1.2 * Number.parseFloat(style.fontSize), reach: (all[0]?.offsetWidth ?? 0) / 2 };
    names.replaceChildren(...placeNames(found, size, room, current).map(({ head, left, top }) => {
      const name = el('span', { class: 'constellation__name' }, texts[head]);
      name.style.translate = `${left}px ${top}px`;
      return name;
    }));
    tell(shown);
  }

  /** Say which heads are nearest to one, and draw lines to them; -1: to the open one, or none. @param {number} head */
  function tell(head) {
    if (!map || !places) return;
    const current = map.heads.findIndex((one) => isSame(one, store.get().at));
    shown = head >= 0 ? head : current;
    const chosen = map.heads[shown];
    [...dots.children].forEach((dot, i) => dot.classList.toggle('is-pointed', i === shown));
    if (!chosen) {
      told.replaceChildren(el('p', { class: 'soft' }, 'Point at a head to see which are nearest to it.'));
      lines.replaceChildren();
      return;
    }
    const is = isSame(chosen, store.get().at) ? ' (open)' : '';
    told.replaceChildren(el('h3', {}, `${headWords(chosen)}${is}`), el('p', { class: 'soft' }, 'Nearest, by distance of attention:'),
      el('ol', { class: 'constellation__nearest' }, ...chosen.nearest.map((one) => el('li', {}, el('span', {}, headWords(one)), el('span', {}, measureWords(one.distance))))));
    lines.replaceChildren(...chosen.nearest.map((one) => lineTo(shown, map?.heads.findIndex((other) => isSame(other, one)) ?? shown)));
  }

  /** @param {number} from @param {number} to */
  function lineTo(from, to) {
    const line = document.createElementNS('http://www.w3.org/2000/svg', 'line');
    for (const [name, value] of [['x1', places?.x[from]], ['y1', places?.y[from]], ['x2', places?.x[to]], ['y2', places?.y[to]]]) line.setAttribute(String(name), String(value));
    return line;
  }

  /** @param {MouseEvent} event */
  function headAt(event) {
    const { left, top } = plot.getBoundingClientRect();
    return places ? headNear(places, { x: event.clientX - left, y: event.clientY - top }, REACH_PX) : -1;
  }

  /** @param {PointerEvent} event */
  function point(event) {
    const head = headAt(event);
    plot.classList.toggle('is-over', head >= 0);
    if (head !== shown) tell(head);
  }

  /** @param {MouseEvent} event a press of a key on a dot has no place */
  function click(event) {
    const head = event.detail === 0 ? [...dots.children].indexOf(/** @type {Element} */ (event.target)) : headAt(event);
    const chosen = map?.heads[head];
    if (!chosen) return;
    dialog.close();
    actions.openHead({ layer: chosen.layer, head: chosen.head });
  }

  /** @param {KeyboardEvent} event */
  function walk(event) {
    const from = [...dots.children].indexOf(/** @type {Element} */ (event.target));
    const to = places && from >= 0 ? headTowards(places, from, event.key) : null;
    if (to === null) return;
    event.preventDefault();
    const all = /** @type {HTMLElement[]} */ ([...dots.children]);
    all[from].tabIndex = -1;
    all[to].tabIndex = 0;
    all[to].focus();
  }

  return {
    open,
    button,
    /** @param {State} state */
    update({ dataset }) {
      const description = facts.description.value;
      button.hidden = description?.id !== dataset || description?.state !== 'complete';
    },
    destroy() {
      stop();
      cleanup.run();
      button.remove();
      dialog.remove();
    },
  };
}

/**
 * What the colours and the picture mean, and how true it is.
 *
 * @param {HeadsMap} map
 * @param {string[]} stops
 * @param {number} nLayers
 */
function aboutParts({ stress, n_rows: nRows }, stops, nLayers) {
  const bar = el('span', { class: 'legend__ramp' });
  bar.style.backgroundImage = `linear-gradient(to right, ${stops.join(', ')})`;
  const care = stress > POOR_STRESS ? ' That is much for a flat picture: trust the lists of nearest heads where they say otherwise.' : '';
  return [
    el('div', { class: 'legend' }, bar, el('span', { class: 'legend__range' }, el('span', {}, 'layer 0'), el('span', {}, nLayers > 1 ? `layer ${nLayers - 1}` : ''))),
    el('h3', {}, 'How true this picture is'),
    el('p', { class: 'soft' }, el('strong', {}, `Stress ${stress.toFixed(2)}`), `: 0 would be a picture without fault.${care}`),
    el('p', { class: 'soft' }, `Distances are those of attention over ${count(nRows)} rows: the root of the mean Jensen–Shannon divergence, 0 for the same attention, 1 for nothing in common.`),
  ];
}

/** @param {HeadsMap['heads'][number]} head */
function dotWords(head) {
  const nearest = head.nearest.slice(0, 3).map((one) => `${titleWords(one)} ${measureWords(one.distance)}`).join(', ');
  return `${titleWords(head)}, ${headWords(head).toLowerCase()}${nearest ? `; nearest ${nearest}` : ''}`;
}

/** @param {HeadId} a @param {HeadId | null} b */
function isSame(a, b) {
  return b !== null && a.layer === b.layer && a.head === b.head;
}
