/**
 * SVG as a tree of elements, never concatenated from strings, so that corpus text cannot become
 * markup.
 */

/**
 * Numbers are rounded, words are escaped, null is left out.
 *
 * @typedef {Record<string, string | number | null | undefined>} Attributes
 */
/**
 * @typedef {{name: string, attributes: Attributes, children: readonly (Markup | string)[]}} Markup
 */

/** Steps of a length: a hundredth of a pixel. */
const STEPS = 100;
/** Characters that XML 1.0 forbids. */
const FORBIDDEN = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu;
/** @type {Record<string, string>} */
const ESCAPES = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\t': '&#9;',
  '\n': '&#10;',
  '\r': '&#13;',
};
const ATTRIBUTE = /[&<>"\t\n\r]/g;
const TEXT = /[&<>\r]/g;

/**
 * @param {string} name
 * @param {Attributes} [attributes]
 * @param {...(Markup | string)} children strings become text
 * @returns {Markup}
 */
export function node(name, attributes = {}, ...children) {
  return { name, attributes, children };
}

/** @param {Markup} root @returns {string} */
export function serialise({ name, attributes, children }) {
  let tag = name;
  for (const attribute of Object.keys(attributes)) {
    const value = attributes[attribute];
    if (value === null || value === undefined) continue;
    tag +=
      ' ' +
      `${attribute}="${typeof value === 'number' ? rounded(value) : escaped(value, ATTRIBUTE)}"`;
  }
  if (children.length === 0) return `<${tag}/>`;
  const inside = children.map((child) =>
    typeof child === 'string' ? escaped(child, TEXT) : serialise(child),
  );
  return `<${tag}>${inside.join('')}</${name}>`;
}

/** The same as an element of a page. @param {Markup} root @returns {SVGElement} */
export function toElement({ name, attributes, children }) {
  const element = /** @type {SVGElement} */ (
    document.createElementNS('http://www.w3.org/2000/svg', name)
  );
  for (const [attribute, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && attribute !== 'xmlns')
      element.setAttribute(attribute, String(typeof value === 'number' ? rounded(value) : value));
  }
  element.append(
    ...children.map((child) => (typeof child === 'string' ? child : toElement(child))),
  );
  return element;
}

/** @param {number} value */
export function rounded(value) {
  return Math.round(value * STEPS) / STEPS;
}

/** @param {string} text @param {RegExp} forbidden */
function escaped(text, forbidden) {
  return text.replace(FORBIDDEN, '\uFFFD').replace(forbidden, (character) => ESCAPES[character]);
}
