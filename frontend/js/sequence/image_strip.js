/** Small pictures of all images; only those in sight are on the page. */

import { el, setAttribute, UNTRANSLATED } from '../ui/dom.js';

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

/**
 * The token by which an image is selected: its class token, or its first patch.
 *
 * @param {Tokens} tokens
 * @param {number} sequence
 */
export function tokenOfImage({ tokenType, sequences }, sequence) {
  const [start, n] = [sequences.start[sequence], sequences.length[sequence]];
  const types = tokenType.slice(start, start + n);
  return (
    start + Math.max(0, types.includes('class') ? types.indexOf('class') : types.indexOf('patch'))
  );
}

/**
 * @param {HTMLElement} root
 * @param {Context} context
 */
export function createImageStrip(root, { actions, api }) {
  const list = el('ul', { class: 'strip__list', onKeydown: press, onClick: click });
  const element = el('div', { class: 'strip', role: 'group', 'aria-label': 'All images' }, list);
  root.append(element);
  /** @type {{state: State, tokens: Tokens} | null} */
  let last = null;
  let chosen = -1;
  /** The image that Tab leads to. */
  let stop = 0;
  /** @type {Map<number, {item: HTMLElement, button: HTMLElement}>} */
  const tiles = new Map();
  let made = '';

  function measure() {
    const tile = TILE_REM * parseFloat(getComputedStyle(document.documentElement).fontSize);
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
    if (!last || element.hidden) return;
    const n = last.tokens.sequences.length.length;
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
    for (let i = first; i < end; i++) put(i, room);
  }

  /** @param {number} i @param {ReturnType<typeof measure>} room */
  function put(i, { tile, isRow, perLine }) {
    let entry = tiles.get(i);
    if (!entry) {
      entry = makeTile(i);
      tiles.set(i, entry);
      list.append(entry.item);
    }
    const { item, button } = entry;
    item.style.left = `${(isRow ? i : i % perLine) * tile}px`;
    item.style.top = `${isRow ? 0 : Math.floor(i / perLine) * tile}px`;
    button.tabIndex = i === stop ? 0 : -1;
    setAttribute(button, 'aria-current', i === chosen ? 'true' : null);
  }

  /** @param {number} i */
  function makeTile(i) {
    const { tokens, state } = /** @type {NonNullable<typeof last>} */ (last);
    const label = tokens.sequences.columns.label?.[i];
    const name = [tokens.sequences.text[i], label]
      .filter((part) => part !== undefined && part !== null && part !== '')
      .join(', ')
      .slice(0, 200);
    const picture = el('img', {
      class: 'strip__picture',
      alt: '',
      loading: 'lazy',
      decoding: 'async',
      draggable: 'false',
      src: api.thumbnailUrl(state.dataset ?? '', i),
    });
    const button = el(
      'button',
      {
        ...UNTRANSLATED,
        class: 'strip__tile',
        type: 'button',
        'data-image': String(i),
        title: name,
        'aria-label': `Image ${i + 1}: ${name}`,
      },
      picture,
    );
    button.dataset.number = String(i + 1);
    picture.addEventListener('error', () => button.classList.add('is-broken'));
    picture.addEventListener('load', () => button.classList.remove('is-broken'));
    return { item: el('li', { class: 'strip__item' }, button), button };
  }

  /** @param {Event} event */
  function imageOf(event) {
    const tile = event.target instanceof Element ? event.target.closest('.strip__tile') : null;
    return tile instanceof HTMLElement ? Number(tile.dataset.image) : null;
  }

  /** @param {MouseEvent} event */
  function click(event) {
    const image = imageOf(event);
    if (image === null || !last) return;
    stop = image;
    actions.select({ kind: 'query', token: tokenOfImage(last.tokens, image) });
  }

  /** @param {KeyboardEvent} event */
  function press(event) {
    const image = imageOf(event);
    if (image === null || !last) return;
    const { perLine, isRow } = measure();
    const line = isRow ? 0 : perLine;
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -line, ArrowDown: line }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    const next = image + step;
    if (next < 0 || next >= last.tokens.sequences.length.length) return;
    stop = next;
    reveal(next);
    place();
    tiles.get(next)?.button.focus({ preventScroll: true });
  }

  /** Scroll as little as possible until an image is in sight. @param {number} image */
  function reveal(image) {
    const { tile, isRow, perLine, scrolled, length } = measure();
    const from = Math.floor(image / perLine) * tile;
    const to = Math.max(from + tile - length, Math.min(scrolled, from));
    element.scrollTo(isRow ? { left: to } : { top: to });
  }

  element.addEventListener('scroll', place, { passive: true });
  const observer = new ResizeObserver(place);
  observer.observe(element);

  return {
    element,
    /** @param {{state: State, tokens: Tokens} | null} shown null where there are no images */
    update(shown) {
      last = shown;
      element.hidden = !shown;
      if (!shown) return;
      const {
        state: { selected, dataset },
        tokens,
      } = shown;
      const image = selected ? tokens.sequence[selected.token] : -1;
      const isOther =
        image !== chosen || element.classList.contains('strip--row') !== (selected !== null);
      element.classList.toggle('strip--row', selected !== null);
      if (made !== `${dataset} ${tokens.n}`) {
        made = `${dataset} ${tokens.n}`;
        tiles.clear();
        list.replaceChildren();
        stop = 0;
      }
      chosen = image;
      if (image >= 0) stop = image;
      place();
      if (isOther && image >= 0) {
        reveal(image);
        place();
      }
    },
    destroy() {
      observer.disconnect();
      element.remove();
    },
  };
}
