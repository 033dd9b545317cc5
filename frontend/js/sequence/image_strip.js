/** Thumbnails of all images; only those in sight are on the page. */

import { openingToken } from '../data/opening_token.js';
import { el, remPx, setAttribute, UNTRANSLATED } from '../ui/dom.js';

/** @import { Context, State, Tokens } from '../page.js' */

/** Side of a tile with its gap, and rows or columns of tiles kept beyond the edges. */
const TILE_REM = 4.25;
const BEYOND = 2;

/**
 * Return the tiles to show: from the first up to the last, not included.
 *
 * @param {object} room lengths in one unit
 * @param {number} room.scrolled
 * @param {number} room.length along the scrolling
 * @param {number} room.tile
 * @param {number} n
 * @param {number} perLine
 * @returns {[number, number]}
 */
export function tilesInSight({ scrolled, length, tile }, n, perLine) {
  const first = Math.max(0, Math.floor(scrolled / tile) - BEYOND);
  const last = Math.ceil((scrolled + length) / tile) + BEYOND;
  return [Math.min(n, first * perLine), Math.min(n, last * perLine)];
}

/** @typedef {{state: State, tokens: Tokens}} ShownImages */
/** @typedef {{item: HTMLElement, button: HTMLElement}} Tile */

/**
 * @param {HTMLElement} root
 * @param {Context} context
 */
export function createImageStrip(root, { actions, api }) {
  const list = el('ul', { class: 'strip__list', onKeydown: press, onClick: click });
  const element = el('div', { class: 'strip', role: 'group', 'aria-label': 'All images' }, list);
  root.append(element);
  const tiles = createTiles(element, list, api.thumbnailUrl);
  /** @type {ShownImages | null} */
  let last = null;
  let made = '';

  /** @param {MouseEvent} event */
  function click(event) {
    const image = imageOf(event);
    if (image === null || !last) return;
    tiles.look.stop = image;
    actions.select({ kind: 'query', token: openingToken(last.tokens, image, false) });
  }

  /** @param {KeyboardEvent} event */
  function press(event) {
    const image = imageOf(event);
    if (image === null || !last) return;
    const { perLine, isRow } = tiles.measure();
    const line = isRow ? 0 : perLine;
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -line, ArrowDown: line }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    const next = image + step;
    if (next < 0 || next >= last.tokens.sequences.length.length) return;
    tiles.look.stop = next;
    tiles.reveal(next);
    tiles.focus(next);
  }

  const observer = new ResizeObserver(tiles.place);
  observer.observe(element);

  return {
    element,
    /** @param {ShownImages | null} shown null where there are no images */
    update(shown) {
      last = shown;
      element.hidden = !shown;
      if (!shown) return;
      const { state, tokens } = shown;
      const { selected, dataset } = state;
      const image = selected ? tokens.sequence[selected.token] : -1;
      const isRow = selected !== null;
      const isOther =
        image !== tiles.look.chosen || element.classList.contains('strip--row') !== isRow;
      element.classList.toggle('strip--row', isRow);
      tiles.show(shown, made !== `${dataset} ${tokens.n}`);
      made = `${dataset} ${tokens.n}`;
      tiles.look.chosen = image;
      if (image >= 0) tiles.look.stop = image;
      tiles.place();
      if (isOther && image >= 0) tiles.reveal(image);
    },
    destroy() {
      observer.disconnect();
      element.remove();
    },
  };
}

/**
 * The tiles in sight, in lines from left to right, or in one row.
 *
 * @param {HTMLElement} element what scrolls
 * @param {HTMLElement} list in it
 * @param {Context['api']['thumbnailUrl']} urlOf
 */
function createTiles(element, list, urlOf) {
  /** The chosen image, and the one that Tab leads to. */
  const look = { chosen: -1, stop: 0 };
  /** @type {Map<number, Tile>} */
  const tiles = new Map();
  /** @type {ShownImages | null} */
  let shown = null;
  element.addEventListener('scroll', place, { passive: true });

  function measure() {
    const tile = TILE_REM * remPx();
    const isRow = element.classList.contains('strip--row');
    const perLine = isRow ? 1 : Math.max(1, Math.floor(list.clientWidth / tile));
    return {
      tile,
      isRow,
      perLine,
      scrolled: isRow ? element.scrollLeft : element.scrollTop,
      length: isRow
        ? element.clientWidth - 2 * parseFloat(getComputedStyle(element).paddingLeft)
        : element.clientHeight,
    };
  }

  function place() {
    if (!shown || element.hidden) return;
    const n = shown.tokens.sequences.length.length;
    const room = measure();
    const along = Math.ceil(n / room.perLine) * room.tile;
    list.style.width = room.isRow ? `${along}px` : '';
    list.style.height = room.isRow ? '' : `${along}px`;
    const [first, end] = tilesInSight(room, n, room.perLine);
    for (const [i, { item, button }] of tiles) {
      if (i >= first && i < end) continue;
      if (document.activeElement === button) continue; // the focus is not taken away
      item.remove();
      tiles.delete(i);
    }
    for (let i = first; i < end; i++) put(i, room, shown);
  }

  /** @param {number} i @param {ReturnType<typeof measure>} room @param {ShownImages} images */
  function put(i, { tile, isRow, perLine }, images) {
    let entry = tiles.get(i);
    if (!entry) {
      entry = makeTile(i, images, urlOf);
      tiles.set(i, entry);
      list.append(entry.item);
    }
    const { item, button } = entry;
    item.style.left = `${(isRow ? i : i % perLine) * tile}px`;
    item.style.top = `${isRow ? 0 : Math.floor(i / perLine) * tile}px`;
    button.tabIndex = i === look.stop ? 0 : -1;
    setAttribute(button, 'aria-current', i === look.chosen ? 'true' : null);
  }

  return {
    look,
    measure,
    place,
    /** @param {ShownImages} images @param {boolean} isNew whether they are others than before */
    show(images, isNew) {
      shown = images;
      if (!isNew) return;
      tiles.clear();
      list.replaceChildren();
      look.stop = 0;
    },
    /** Scroll as little as possible until an image is in sight. @param {number} image */
    reveal(image) {
      const { tile, isRow, perLine, scrolled, length } = measure();
      const from = Math.floor(image / perLine) * tile;
      const to = Math.max(from + tile - length, Math.min(scrolled, from));
      element.scrollTo(isRow ? { left: to } : { top: to });
      place();
    },
    /** @param {number} image */
    focus: (image) => tiles.get(image)?.button.focus({ preventScroll: true }),
  };
}

/**
 * @param {number} i
 * @param {ShownImages} images
 * @param {Context['api']['thumbnailUrl']} urlOf
 * @returns {Tile}
 */
function makeTile(i, { tokens, state }, urlOf) {
  const label = tokens.sequences.columns.label?.[i];
  const name = [tokens.sequences.text.at(i), label]
    .filter((part) => part !== undefined && part !== null && part !== '')
    .join(', ')
    .slice(0, 200);
  const image = el('img', {
    class: 'strip__image',
    alt: '',
    loading: 'lazy',
    decoding: 'async',
    draggable: 'false',
    src: urlOf(state.dataset ?? '', i),
  });
  const button = el(
    'button',
    {
      ...UNTRANSLATED,
      class: 'strip__tile',
      type: 'button',
      'data-image': String(i),
      'data-number': String(i + 1),
      title: name,
      'aria-label': `Image ${i + 1}: ${name}`,
    },
    image,
  );
  image.addEventListener('error', () => button.classList.add('is-broken'));
  image.addEventListener('load', () => button.classList.remove('is-broken'));
  return { item: el('li', { class: 'strip__item' }, button), button };
}

/** The image that an event is about. @param {Event} event */
function imageOf({ target }) {
  const tile = target instanceof Element ? target.closest('.strip__tile') : null;
  return tile instanceof HTMLElement ? Number(tile.dataset.image) : null;
}
