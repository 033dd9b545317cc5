/** Creation of DOM elements; text is inserted as text only, never as HTML. */

/**
 * Return a new element.
 *
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, string | boolean | ((event: any) => void) | null>} [properties] `class`,
 *   attributes, and `onEvent` listeners
 * @param {...(Node | string | null)} children strings become text
 * @returns {HTMLElementTagNameMap[K]}
 */
export function el(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === false) continue;
    if (typeof value === 'function') element.addEventListener(name.slice(2).toLowerCase(), value);
    else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

const SVG = 'http://www.w3.org/2000/svg';

/**
 * Return a line icon of 16 × 16 units, drawn in the colour of the text.
 *
 * @param {string} path
 */
export function icon(path) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 16 16');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  const line = document.createElementNS(SVG, 'path');
  line.setAttribute('d', path);
  svg.append(line);
  return svg;
}

/**
 * Return an icon button with an accessible name.
 *
 * @param {string} path of the icon
 * @param {string} name
 * @param {Parameters<typeof el>[1]} properties
 */
export function iconButton(path, name, properties) {
  return el(
    'button',
    { class: 'button button--quiet button--icon', type: 'button', ...properties },
    icon(path),
    el('span', { class: 'visually-hidden' }, name),
  );
}

export const ICONS = {
  up: 'M8 13V3M3.5 7.5 8 3l4.5 4.5',
  down: 'M8 3v10M3.5 8.5 8 13l4.5-4.5',
  left: 'M13 8H3M7.5 3.5 3 8l4.5 4.5',
  right: 'M3 8h10M8.5 3.5 13 8l-4.5 4.5',
  close: 'm4 4 8 8M12 4l-8 8',
  grid: 'M2.5 2.5h4v4h-4zM9.5 2.5h4v4h-4zM2.5 9.5h4v4h-4zM9.5 9.5h4v4h-4z',
  reset: 'M2.5 6V2.5H6M13.5 6V2.5H10M2.5 10v3.5H6M13.5 10v3.5H10',
  sun:
    'M8 5.2a2.8 2.8 0 1 1 0 5.6 2.8 2.8 0 0 1 0-5.6M8 1.2v1.6M8 13.2v1.6M1.2 8h1.6M13.2 ' +
    '8h1.6M3.2 3.2l1.1 1.1M11.7 11.7l1.1 1.1M12.8 3.2l-1.1 1.1M4.3 11.7l-1.1 1.1',
  moon: 'M13.2 9.8A5.6 5.6 0 0 1 6.2 2.8a5.6 5.6 0 1 0 7 7z',
  system: 'M2 3h12v8H2zM6 14h4M8 11v3',
  undo: 'M5.5 3 2.5 6l3 3M2.5 6H9a4 4 0 0 1 0 8H5.5',
  redo: 'M10.5 3l3 3-3 3M13.5 6H7a4 4 0 0 0 0 8h3.5',
  link:
    'M6.5 9.5a2.8 2.8 0 0 0 4 0l2.3-2.3a2.8 2.8 0 0 0-4-4L7.6 4.4M9.5 6.5a2.8 2.8 0 0 0-4 ' +
    '0L3.2 8.8a2.8 2.8 0 0 0 4 4l1.2-1.2',
  save: 'M8 2.5v7.5M4.8 7 8 10.2 11.2 7M2.5 11v2.5h11V11',
  help: 'M5.8 6.2a2.2 2.2 0 1 1 3.2 2c-.7.4-1 .8-1 1.6M8 12v.2',
  chevron: 'M4 6.2 8 10.2l4-4',
  info: 'M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2M8 7.4v3.6M8 5v.1',
  table: 'M2.5 3h11v10h-11zM2.5 6.3h11M2.5 9.6h11M6.2 6.3V13',
  out: 'M9.5 2.5h-6v11h6M7 8h7M11.2 5 14 8l-2.8 3',
  plus: 'M8 3v10M3 8h10',
  search: 'M7 2.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9M10.4 10.4 14 14',
  panel: 'M2 3h12v10H2zM6 3v10',
  beside: 'M2 3h12v10H2zM8 3v10',
  pencil: 'M10.5 3 13 5.5 5.5 13H3v-2.5zM9 4.5 11.5 7',
};

/**
 * Attributes that exclude corpus text and names from browser translation, which would show other
 * tokens.
 */
export const UNTRANSLATED = Object.freeze({ translate: 'no' });

/**
 * Attributes of a field for such text: no spell checking or autocorrection, which may send text to
 * a service.
 */
export const VERBATIM_FIELD = Object.freeze({
  ...UNTRANSLATED,
  lang: '',
  autocomplete: 'off',
  autocapitalize: 'off',
  autocorrect: 'off',
  spellcheck: 'false',
});

/**
 * Return text of the corpus, or a name, as an element with isolated text direction and no language,
 * so that screen readers do not read it as English.
 *
 * @param {string} text
 * @param {string | null} [className]
 */
export function corpusText(text, className = 'corpus') {
  return el('bdi', { ...UNTRANSLATED, lang: '', class: className }, text);
}

/**
 * Set text only if it changed, to avoid needless layout.
 *
 * @param {Node} node
 * @param {string} text
 */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/**
 * Set or remove an attribute only if it changed.
 *
 * @param {Element} element
 * @param {string} name
 * @param {string | null} value
 */
export function setAttribute(element, name, value) {
  if (element.getAttribute(name) === value) return;
  if (value === null) element.removeAttribute(name);
  else element.setAttribute(name, value);
}

/**
 * Move the focus to an element after all views are updated, if the focused element is gone.
 *
 * @param {HTMLElement} heir
 */
export function inheritFocus(heir) {
  queueMicrotask(() => {
    const holder = document.activeElement;
    if (holder === null || holder === document.body || !holder.checkVisibility())
      heir.focus({ preventScroll: true });
  });
}

/**
 * Clear a canvas, resize it to device pixels and return its 2-D context, scaled to CSS pixels, with
 * all settings as in a new one.
 *
 * @param {HTMLCanvasElement} canvas
 */
export function emptyPen(canvas) {
  const { clientWidth: width, clientHeight: height } = canvas;
  const ratio = window.devicePixelRatio || 1;
  const pixels = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== pixels[0] || canvas.height !== pixels[1])
    [canvas.width, canvas.height] = pixels;
  const pen = canvas.getContext('2d');
  pen?.reset(); // also what the last picture has set, such as how lines join
  pen?.setTransform(ratio, 0, 0, ratio, 0, 0);
  return pen;
}

/**
 * Call a function whenever the device pixel ratio changes: on another monitor, or by zoom.
 *
 * @param {() => void} changed
 * @returns {() => void} stops it
 */
export function watchPixelRatio(changed) {
  const stop = new AbortController();
  const watch = () => {
    matchMedia(`(resolution: ${window.devicePixelRatio}dppx)`).addEventListener(
      'change',
      () => {
        watch();
        changed();
      },
      { once: true, signal: stop.signal },
    );
  };
  watch();
  return () => stop.abort();
}

/** Reload images that failed to load. */
export function reloadBrokenImages() {
  for (const image of document.images)
    if (image.complete && image.naturalWidth === 0 && image.src) image.src = String(image.src);
}

/**
 * In narrower windows the side panels overlay the map and are folded at first; the style sheets use
 * the same breakpoint.
 */
export const NARROW = '(max-width: 799.98px)';

export function isNarrow() {
  return matchMedia(NARROW).matches;
}

/** Whether the user prefers reduced motion. */
export function isMotionReduced() {
  return matchMedia('(prefers-reduced-motion: reduce)').matches;
}

/** Return a registry of clean-up functions and a function that runs them all. */
export function createCleanup() {
  /** @type {(() => void)[]} */
  const undos = [];
  return {
    /** @param {() => void} undo */
    add: (undo) => {
      undos.push(undo);
    },
    /**
     * Listen until the clean-up.
     *
     * @param {EventTarget} target
     * @param {string} type
     * @param {(event: any) => void} listener
     * @param {AddEventListenerOptions} [options]
     */
    listen(target, type, listener, options) {
      target.addEventListener(type, listener, options);
      undos.push(() => target.removeEventListener(type, listener, options));
    },
    run() {
      for (const undo of undos.splice(0)) undo();
    },
  };
}

/** The size of a rem, which follows the font size of the browser, in CSS pixels. */
export function remPx() {
  return Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
}

/**
 * Say why something could not be loaded, with a button that tries it again.
 *
 * @param {HTMLElement} place
 * @param {string} text
 * @param {Error | null} error
 * @param {() => void} again
 */
export function showFailure(place, text, error, again) {
  setText(place, `${text} ${error?.message ?? ''} `);
  const properties = { class: 'button button--small', type: 'button', onClick: again };
  place.append(el('button', properties, 'Try again'));
}
