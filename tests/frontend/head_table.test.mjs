import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createDerived } from '../../frontend/js/data/derived.js';
import { setMeasures } from '../../frontend/js/data/head_measures.js';
import { createHeadTable } from '../../frontend/js/dialogs/head_table.js';
import { DEFAULTS } from '../../frontend/js/state/choices.js';
import { openDocument, press } from './dom.mjs';

const SCORES = ['induction', 'duplicate'];
const FACTS = { help: 'h', formula: 'f', source: 's', modality: null, unit: 'share', until: null };
setMeasures(SCORES.map((name) => ({ ...FACTS, name, label: name, low: 0, high: 1 })));

/** The table of 3 layers × 4 heads, opened; `duplicate` is not known of head 2. */
function opened(state = {}) {
  const document = openDocument();
  const { body } = document;
  const manifest = {
    ...{ id: 'words', n_layers: 3, n_heads: 4, scores: SCORES, maps: {} },
    model: { name: 'tiny', modality: 'text' },
    corpus: { columns: [] },
  };
  const heads = new Map(
    Array.from({ length: 12 }, (_, i) => {
      const duplicate = i === 2 ? { value: null, n_rows: 0 } : { value: 1 - i / 12, n_rows: 1 };
      const scores = { induction: { value: ((7 * i) % 12) / 12, n_rows: 5 }, duplicate };
      const at = { layer: Math.floor(i / 4), head: i % 4 };
      return [`${at.layer},${at.head}`, { ...at, maps: {}, scores }];
    }),
  );
  const facts = {
    description: { value: { manifest } },
    heads: { value: /** @type {typeof heads | null} */ (heads), status: 'ready' },
    pairs: { value: null },
  };
  const now = { ...DEFAULTS, dataset: 'words', ...state };
  const went = [];
  const table = createHeadTable(body, {
    facts,
    derived: createDerived(facts),
    store: { get: () => now },
    actions: { openHead: (at) => went.push(at) },
  });
  const all = (selector) => [...body.querySelectorAll(selector)];
  const names = () => all('.head-table__open').map((button) => button.textContent);
  const button = (label) => all('.head-table__sort').find((each) => each.textContent === label);
  const heading = (label) => button(label).parentElement;
  return { all, body, button, document, facts, heading, names, now, table, went };
}

/** The last head: without a layout only some rows around the one with the focus are there. */
function lastName({ all, document, names }) {
  all('.head-table__open')[0].focus();
  press(document, 'End');
  return names().at(-1);
}

test('a column sorts descending, then ascending, and heads in layer order', () => {
  const shown = opened();
  shown.table.open();
  assert.equal(shown.heading('induction').getAttribute('aria-sort'), 'none');
  shown.button('induction').click();
  assert.equal(shown.heading('induction').getAttribute('aria-sort'), 'descending');
  assert.deepEqual(shown.names().slice(0, 3), ['L1 H1', 'L2 H2', 'L0 H3']);
  shown.button('induction').click();
  assert.equal(shown.heading('induction').getAttribute('aria-sort'), 'ascending');
  assert.deepEqual(shown.names().slice(0, 3), ['L0 H0', 'L1 H3', 'L0 H2']);
  shown.button('Head').click();
  assert.equal(shown.heading('induction').getAttribute('aria-sort'), 'none');
  assert.deepEqual(shown.names().slice(0, 5), ['L0 H0', 'L0 H1', 'L0 H2', 'L0 H3', 'L1 H0']);
});

test('a head without a score sorts last in both directions and gives the reason', () => {
  const shown = opened();
  shown.table.open();
  for (let i = 0; i < 2; i++) {
    shown.button('duplicate').click();
    assert.equal(lastName(shown), 'L0 H2');
  }
  const empty = shown.all('.head-table__row').at(-1).querySelectorAll('td')[1];
  assert.equal(empty.textContent, '–');
  assert.match(empty.title, /duplicate: no row has an earlier copy of its own token/);
});

test('arrow keys move between rows, and a click on a row opens its head', () => {
  const shown = opened();
  shown.table.open();
  shown.all('.head-table__open')[0].focus();
  for (const [key, name] of [
    ['ArrowDown', 'L0 H1'],
    ['End', 'L2 H3'],
    ['ArrowUp', 'L2 H2'],
    ['Home', 'L0 H0'],
    ['PageDown', 'L2 H2'],
  ]) {
    press(shown.document, key);
    assert.equal(shown.document.activeElement.textContent, name);
    assert.equal(shown.all('.head-table__open[tabindex="0"]').length, 1);
  }
  shown.document.activeElement.closest('tr').querySelector('td').click();
  assert.deepEqual(shown.went, [{ layer: 2, head: 2 }]);
  assert.equal(shown.body.querySelector('dialog').open, false);
});

test('the table says that scores are loading and fills once they arrive', () => {
  const shown = opened({ at: { layer: 2, head: 1 } });
  const numbers = shown.facts.heads.value;
  const words = () => shown.body.querySelector('.head-table__words').textContent;
  const areSavesOff = () =>
    shown.all('.head-table__tools .button:not(.button--icon)').map((b) => b.disabled);
  shown.facts.heads = { value: null, status: 'loading' };
  shown.table.open();
  assert.match(words(), /^Loading/);
  assert.deepEqual(areSavesOff(), [true, true, true]);
  shown.facts.heads.status = 'failed';
  shown.table.update(shown.now);
  assert.match(words(), /^Could not load/);
  shown.facts.heads = { value: numbers, status: 'ready' };
  shown.table.update(shown.now);
  assert.match(words(), /^tiny: 12 heads\./);
  assert.deepEqual(areSavesOff(), [false, false, false]);
  const current = shown.all('.head-table__row[aria-current=true]');
  assert.deepEqual(
    current.map((row) => row.querySelector('button').textContent),
    ['L2 H1'],
  );
});
