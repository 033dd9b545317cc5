import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createColumnMenu } from '../../frontend/js/ui/column_menu.js';
import { createEdgeFades } from '../../frontend/js/ui/edge_fades.js';
import { openDocument } from './dom.mjs';

/** A menu of these columns, whose choices are kept in `stored`. */
function menuOf(columns, stored = new Map()) {
  const document = openDocument();
  globalThis.localStorage = {
    getItem: (key) => stored.get(key) ?? null,
    setItem: (key, value) => stored.set(key, value),
  };
  let changes = 0;
  const menu = createColumnMenu('test', () => changes++);
  menu.offer(columns.map((name) => ({ name, label: name.toUpperCase() })));
  document.body.append(menu.menu); // a box alone does not say that it changed
  const boxes = () => [...menu.menu.querySelectorAll('input')];
  return { boxes, menu, stored, changes: () => changes };
}

test('an unchecked column is hidden and stored until it is checked again', () => {
  const { boxes, changes, menu, stored } = menuOf(['a', 'b']);
  boxes()[1].click();
  assert.deepEqual([menu.isShown('a'), menu.isShown('b'), changes()], [true, false, 1]);
  const later = menuOf(['a', 'b'], stored);
  assert.deepEqual(
    later.boxes().map(({ checked }) => checked),
    [true, false],
  );
  later.boxes()[1].click();
  assert.ok(menuOf(['a', 'b'], stored).menu.isShown('b'));
});

test('hidden columns of a corpus are not stored', () => {
  const { boxes, menu, stored } = menuOf(['number', 'column secret']);
  boxes()[1].click();
  assert.equal(menu.isShown('column secret'), false);
  assert.ok(![...stored.values()].join().includes('secret'));
});

test('the menu keeps its checkboxes while the columns are the same', () => {
  const { boxes, menu } = menuOf(['a']);
  const [box] = boxes();
  menu.offer([{ name: 'a', label: 'A' }]);
  assert.equal(boxes()[0], box);
  menu.offer([{ name: 'b', label: 'B' }]);
  assert.notEqual(boxes()[0], box);
});

test('an edge of a scroller fades while there is more to scroll to', () => {
  const document = openDocument();
  const scroller = document.createElement('div');
  const sizes = { clientHeight: 50, clientWidth: 100, scrollHeight: 50, scrollWidth: 300 };
  for (const [name, value] of Object.entries(sizes))
    Object.defineProperty(scroller, name, { value });
  const { element, update } = createEdgeFades(scroller);
  const [right, below] = [...element.children].slice(1);
  update();
  assert.deepEqual([right.hidden, below.hidden], [false, true]);
  scroller.scrollLeft = 200;
  scroller.dispatchEvent(new document.defaultView.Event('scroll'));
  assert.deepEqual([right.hidden, below.hidden], [true, true]);
});
