/** The button that saves what is seen as a figure, and what it is made of as tables. */

import { download, fileNameOf, TABLE_TYPES } from '../ui/download.js';
import { el, icon, ICONS, setAttribute, setText } from '../ui/dom.js';
import { isThere, makeFigure, marksOf, saveFigure } from './figure.js';
import { mapOf } from '../data/best_map.js';
import { chosenMap, detailsOf } from '../data/points.js';
import { headFileName } from '../ui/labels.js';
import { fidelityRows, pointRows, tableCsv, tableJson } from './tables.js';
import { createSegments } from '../ui/segments.js';
import { createCheck } from '../ui/sliders.js';
import { createPopover } from '../ui/popover.js';

/** @import { Context, Manifest, View } from '../page.js' */
/** @import { ShownTheme } from '../color/point_style.js' */
/** @import { Source, Subject } from './figure.js' */

/** @typedef {'csv' | 'json'} Ending */

const SUBJECTS = [
  { value: 'map', label: 'Map', title: 'The map as it is in sight' },
  {
    value: 'sequence',
    label: 'Sentence or image',
    title: 'The attention of the selected sentence or image',
  },
  {
    value: 'below',
    label: 'Below it',
    title:
      'What stands below the selected sentence: the mean as lines, both as heat maps, or ' +
      'both by offset',
  },
  {
    value: 'all-heads',
    label: 'Means of all heads',
    title: 'The mean attention by position of every head, for the length of the selected sentence',
  },
  { value: 'heads', label: 'Map of heads', title: 'The map of heads, where it is open' },
  {
    value: 'profile',
    label: 'Weight by offset',
    title: 'The mean weight of the open head by offset, over the whole corpus',
  },
];

/** Widths of columns in journals. */
const WIDTHS = [
  { value: '', label: 'Screen', title: 'As large as on the screen' },
  { value: '85', label: '85', title: 'Single column, 85 mm (3.35 in), text of 6 to 8 pt' },
  { value: '89', label: '89', title: 'Single column, 89 mm (3.50 in), text of 6 to 8 pt' },
  { value: '174', label: '174', title: 'Double column, 174 mm (6.85 in), text of 6 to 8 pt' },
  { value: '183', label: '183', title: 'Double column, 183 mm (7.20 in), text of 6 to 8 pt' },
];
/** Characters above which a preview takes too long. */
const MAX_PREVIEW = 8e6;

/**
 * @param {HTMLElement} root
 * @param {Context & Source & {theme: () => ShownTheme}} context
 * @returns {View & {element: HTMLElement}}
 */
export function createSave(root, context) {
  const { facts, notify, store, theme } = context;
  const popup = createPopup(root, update);
  const { button, sheet } = popup;
  const chosen = {
    subject: /** @type {Subject} */ ('map'),
    width: '',
    isWhite: false,
    hasMarkLegend: true,
    hasFullCaption: false,
  };
  /** @param {Partial<typeof chosen>} change */
  const choose = (change) => {
    Object.assign(chosen, change);
    update();
  };
  const choices = el('div', { class: 'save__choices' });
  const preview = el('div', { class: 'save__preview' });
  sheet.append(choices, preview);

  const subjects = createSegments(choices, {
    legend: 'What the figure shows',
    choices: SUBJECTS,
    onPick: (value) => choose({ subject: /** @type {Subject} */ (value) }),
  });
  const widthRow = el(
    'div',
    { class: 'save__row' },
    el('span', { class: 'save__label' }, 'Width, mm'),
  );
  choices.append(widthRow);
  const widths = createSegments(widthRow, {
    legend: 'Width of the figure, mm',
    choices: WIDTHS,
    onPick: (width) => choose({ width }),
  });
  const white = createCheck(choices, {
    label: 'White background',
    help: 'The colours of the light theme on white paper, instead of those of the dark theme.',
    onPick: (isWhite) => choose({ isWhite }),
  });
  const legend = createCheck(choices, {
    label: 'Legend of lines and rings',
    help: 'What the kinds of lines and rings over the map mean, where it has any.',
    onPick: (hasMarkLegend) => choose({ hasMarkLegend }),
  });
  const full = createCheck(choices, {
    label: 'Full caption',
    help: 'Model, corpus, map, parameters and fidelity; the file has them as metadata anyway.',
    onPick: (hasFullCaption) => choose({ hasFullCaption }),
  });
  const figures = el(
    'div',
    { class: 'save__row' },
    el('span', { class: 'save__label' }, 'Figure'),
    format('SVG', 'Words and lines stay words and lines; so do points, up to 20,000', () =>
      saveAs('svg'),
    ),
    format('PNG', 'Pixels: 617 an inch on paper, else two for each of the screen', () =>
      saveAs('png'),
    ),
  );
  const points = tableRow(
    'Points of this map',
    'Kind, token, position and place of every point, in the unit of the map',
    (ending) => saveTable(pointsTable(context), ending),
  );
  const fidelity = tableRow(
    'Fidelity of all heads',
    'recall@10, recall@100, rank correlation and trustworthiness of every map of every head',
    (ending) => saveTable(fidelityTable(context), ending),
  );
  choices.append(figures, el('hr', { class: 'save__line' }), points, fidelity);

  const drawn = createPreview(preview);

  const look = () => (chosen.isWhite ? 'light' : theme());
  const layout = () => ({
    hasFullCaption: chosen.hasFullCaption,
    hasMarkLegend: chosen.hasMarkLegend,
    widthMm: chosen.width ? Number(chosen.width) : null,
  });

  function showPreview() {
    const draft = { ...layout(), isDraft: true };
    const make = () => makeFigure(chosen.subject, 'svg', look(), context, draft);
    drawn.show(isThere(chosen.subject, context) ? make : null, draft.widthMm);
  }

  /** @param {'svg' | 'png'} ending */
  async function saveAs(ending) {
    if (await saveFigure(chosen.subject, ending, look(), context, layout())) popup.close();
  }

  /** @param {Table | null} table @param {Ending} ending */
  function saveTable(table, ending) {
    if (!table) return notify('The map is not there yet.');
    const { manifest, what, rows, parts, of } = table;
    const text = ending === 'csv' ? tableCsv(rows) : tableJson(what, rows, manifest, of);
    download(text, fileNameOf([manifest.id, ...parts, what], ending), TABLE_TYPES[ending]);
    popup.close();
  }

  function update() {
    const manifest = facts.description.value?.manifest;
    button.hidden = !manifest;
    if (button.hidden) popup.close();
    if (!popup.isOpen) return;
    if (!isThere(chosen.subject, context)) chosen.subject = 'map';
    subjects.update(
      chosen.subject,
      (value) => value === 'map' || isThere(/** @type {Subject} */ (value), context),
    );
    setText(
      /** @type {Element} */ (subjects.element.querySelector('[value="sequence"] + *')),
      manifest?.model.modality === 'text' ? 'Sentence' : 'Image',
    );
    widths.update(chosen.width);
    white.update(chosen.isWhite);
    const hasMarks = marksOf(chosen.subject, theme(), context).length > 0;
    legend.update(hasMarks && chosen.hasMarkLegend, hasMarks);
    full.update(chosen.hasFullCaption);
    showPreview();
    white.element.hidden = theme() === 'light';
    for (const made of figures.querySelectorAll('button'))
      made.disabled = !isThere(chosen.subject, context);
    points.hidden = store.get().at === null;
    fidelity.hidden = facts.heads.value === null;
  }

  return { element: popup.element, update, destroy: () => popup.element.remove() };
}

/**
 * A picture of the figure as it would be saved, at the size that it would have on paper if there is
 * room; the latest request wins.
 *
 * @param {HTMLElement} root
 */
function createPreview(root) {
  const image = el('img', { class: 'save__image', alt: 'Preview of the figure' });
  const words = el('p', { class: 'soft' });
  root.append(image, words);
  let latest = 0;
  let url = '';
  /** @param {string} next @param {string} [said] below it */
  function replace(next, said = '') {
    URL.revokeObjectURL(url);
    url = next;
    image.hidden = next === '';
    if (next) image.src = next;
    setText(words, said);
  }

  return {
    /**
     * @param {(() => ReturnType<typeof makeFigure>) | null} make
     * @param {number | null} widthMm
     */
    show(make, widthMm) {
      const turn = ++latest;
      if (!make) return replace('');
      setTimeout(async () => {
        if (turn !== latest) return;
        try {
          const { content, type, heightMm } = await make();
          if (turn !== latest) return;
          if (typeof content !== 'string' || content.length > MAX_PREVIEW)
            return replace('', 'This figure is too large for a preview; it can be saved.');
          const size = widthMm === null ? '' : `${widthMm} × ${Math.round(heightMm)} mm`;
          replace(URL.createObjectURL(new Blob([content], { type })), size);
        } catch (error) {
          if (turn === latest) replace('', error instanceof Error ? error.message : String(error));
        }
      });
    },
  };
}

/**
 * The button and the sheet that it opens.
 *
 * @param {HTMLElement} root
 * @param {() => void} fill brings the sheet up to date when it opens
 */
function createPopup(root, fill) {
  const button = el(
    'button',
    {
      class: 'button',
      type: 'button',
      'aria-haspopup': 'dialog',
      title: 'Save a figure, or tables of numbers',
    },
    icon(ICONS.save),
    el('span', { class: 'bar__label' }, 'Save figure'),
  );
  const sheet = { class: 'save__sheet', role: 'dialog', 'aria-label': 'Save' };
  const { element: popover, close } = createPopover(button, sheet);
  const element = el('div', { class: 'save' }, button, popover);
  root.append(element);
  let isOpen = false;

  popover.addEventListener('beforetoggle', (event) => {
    isOpen = /** @type {ToggleEvent} */ (event).newState === 'open';
    if (!isOpen) return;
    fill();
    const all = /** @type {NodeListOf<HTMLElement>} */ (popover.querySelectorAll('input, button'));
    for (const control of all) control.autofocus = false;
    const first = /** @type {HTMLElement | null} */ (
      popover.querySelector('input:checked, button:not(:disabled)')
    );
    if (first) first.autofocus = true;
  });

  return {
    element,
    button,
    sheet: popover,
    close,
    get isOpen() {
      return isOpen;
    },
  };
}

/** @param {string} label @param {string} title @param {() => void} onClick */
function format(label, title, onClick) {
  return el('button', { class: 'button button--small', type: 'button', title, onClick }, label);
}

/** @param {string} label @param {string} title @param {(ending: Ending) => void} save */
function tableRow(label, title, save) {
  const csv = format('CSV', `${title}, as a table`, () => save('csv'));
  const json = format('JSON', `${title}, as JSON`, () => save('json'));
  setAttribute(csv, 'aria-label', `${label}, CSV`);
  setAttribute(json, 'aria-label', `${label}, JSON`);
  return el('div', { class: 'save__row' }, el('span', { class: 'save__label' }, label), csv, json);
}

/**
 * @typedef {{manifest: Manifest, what: string, rows: import('./tables.js').Row[], parts: string[],
 *   of: Parameters<typeof tableJson>[3]}} Table `parts` are those of the file's name
 */

/**
 * The points of the open map; null while it is not there.
 *
 * @param {Pick<Context, 'facts' | 'store'>} context
 * @returns {Table | null}
 */
function pointsTable({ facts, store }) {
  const state = store.get();
  const { at } = state;
  const manifest = facts.description.value?.manifest;
  const [map, tokens, heads] = [facts.headMap.value, facts.tokens.value, facts.heads.value];
  const name = at && mapOf(heads, at, chosenMap(state));
  if (!map || !tokens || !manifest || !at || !name) return null;
  const { layer, head } = at;
  const unit = detailsOf(facts, at)?.maps[name];
  if (!unit || map.name !== name || map.at.layer !== layer || map.at.head !== head) return null;
  const rows = pointRows(map, unit, tokens);
  const parts = [name, headFileName(at, manifest.layers)];
  return { manifest, what: 'points', rows, parts, of: { map: name, at } };
}

/** @param {Pick<Context, 'facts'>} context @returns {Table | null} */
function fidelityTable({ facts }) {
  const [manifest, heads] = [facts.description.value?.manifest, facts.heads.value];
  if (!manifest || !heads) return null;
  return {
    manifest,
    what: 'fidelity',
    rows: fidelityRows(heads, manifest.layers),
    parts: [],
    of: {},
  };
}
