/**
 * Puts a figure together: title, what it shows, legend and caption; as a drawing (SVG) or as pixels
 * (PNG).
 */

import { wrapped } from './caption.js';
import { legendMarkup } from './legend.js';
import { FONT_PX, FONTS, MM_PER_PX } from './figure_theme.js';
import { node, serialise } from './markup.js';
import { withChunks } from './png_chunks.js';

/** @import { Legend } from '../color/color_modes.js' */
/** @import { FigureStyle } from './figure_theme.js' */
/** @import { Body } from './map_figure.js' */
/** @import { MarkKind } from './map_marks.js' */
/** @import { Markup } from './markup.js' */

const CAPTION_PX = FONT_PX.small;
const LINE_PX = 16;
const GAP_PX = 12;
const TITLE_LINE_PX = FONT_PX.title + 4;
/** Captions need some width, however narrow what they are of. */
const MIN_WIDTH_PX = 520;
/** Browsers have no larger canvas than this on each side. */
const MAX_PIXELS = 16_000;
const LEAST_SHARPNESS = 2;
/** Programs that read XML by libxml2 refuse longer attributes than 10 million characters. */
const MAX_ATTRIBUTE = 9.9e6;

/**
 * @typedef {{width: number, height: number, body: Body, x: number, y: number, text: Markup[],
 *   title: string, description: string, paper: string, sharpness: number, isPaper: boolean}} Sheet
 *   Lengths are pixels of a figure, which on the screen are CSS pixels
 */

/**
 * @param {object} parts
 * @param {Body} parts.body
 * @param {string} parts.title
 * @param {Legend | null} parts.legend
 * @param {readonly MarkKind[]} [parts.marks] kinds of lines and rings in the legend
 * @param {string[]} parts.caption metadata of the file
 * @param {boolean} [parts.hasFullCaption] whether all of it is written below, not its last lines
 * @param {FigureStyle} style
 * @returns {Sheet}
 */
export function makeSheet(
  { body, title, legend, marks = [], caption, hasFullCaption = false },
  style,
) {
  const { marginPx: margin, widthPx } = style;
  const inner = widthPx ?? Math.max(body.width, MIN_WIDTH_PX);
  const titleLines = wrapped(title, inner, (text) => style.measure(text, FONT_PX.title, 600));
  const bodyTop = Math.ceil(margin + titleLines.length * TITLE_LINE_PX + GAP_PX);
  const legendTop = bodyTop + body.height + GAP_PX;
  const key = legendMarkup(legend, marks, inner, style);
  const captionTop = legendTop + key.height + (key.height > 0 ? GAP_PX : 0);
  const written = hasFullCaption ? caption : caption.slice(-2);
  const lines = written.flatMap((sentence) =>
    wrapped(sentence, inner, (text) => style.measure(text, CAPTION_PX)),
  );
  const text = [
    ...titleLines.map((line, i) =>
      node(
        'text',
        {
          class: 'title',
          x: margin,
          y: margin + FONT_PX.title + i * TITLE_LINE_PX - 2,
          'font-size': FONT_PX.title,
          'font-weight': 600,
          fill: style.ink,
        },
        line,
      ),
    ),
    node('g', { class: 'legend', transform: `translate(${margin} ${legendTop})` }, ...key.markup),
    node(
      'g',
      { class: 'caption', 'font-size': CAPTION_PX, fill: style.soft },
      ...lines.map((line, i) =>
        node('text', { x: margin, y: captionTop + CAPTION_PX + i * LINE_PX }, line),
      ),
    ),
  ];
  return {
    width: inner + 2 * margin,
    height: captionTop + lines.length * LINE_PX + margin - 4,
    body,
    x: margin + Math.round((inner - body.width) / 2),
    y: bodyTop,
    text,
    title,
    description: caption.join('\n'),
    paper: style.paper,
    sharpness: style.sharpness,
    isPaper: widthPx !== null,
  };
}

/**
 * A drawing without words around it, for paper, where these have sizes of their own.
 *
 * @typedef {{width: number, height: number, images: Body['images'], markup: Markup}} Drawn
 */

/**
 * @param {Body} body
 * @param {Legend | null} legend
 * @param {readonly MarkKind[]} marks
 * @param {FigureStyle} style
 * @returns {Drawn}
 */
export function withLegend({ width, height, images, markup }, legend, marks, style) {
  const key = legendMarkup(legend, marks, width, style);
  const whole = height + (key.height > 0 ? GAP_PX + key.height : 0);
  return {
    width,
    height: whole,
    images,
    markup: node(
      'svg',
      { viewBox: `0 0 ${width} ${whole}`, width: '100%', height: '100%', 'font-family': FONTS },
      ...markup,
      node('g', { transform: `translate(0 ${height + GAP_PX})` }, ...key.markup),
    ),
  };
}

/** @param {Sheet} sheet @returns {string} */
export function toSvg(sheet) {
  const images = sheet.body.images.map(({ x, y, width, height, canvas }) =>
    node('image', {
      x: sheet.x + x,
      y: sheet.y + y,
      width,
      height,
      href: pictureOf(canvas),
    }),
  );
  const paper = node('rect', { class: 'paper', width: '100%', height: '100%', fill: sheet.paper });
  return (
    '<?xml version="1.0" ' +
    `encoding="UTF-8"?>\n${serialise(sheetMarkup(sheet, 1, paper, ...images))}\n`
  );
}

/**
 * A picture inside of a drawing, of half as many pixels along each side until it can be read.
 *
 * @param {HTMLCanvasElement} canvas
 * @returns {string}
 */
function pictureOf(canvas) {
  const url = canvas.toDataURL('image/png');
  if (url.length <= MAX_ATTRIBUTE) return url;
  const half = document.createElement('canvas');
  [half.width, half.height] = [Math.ceil(canvas.width / 2), Math.ceil(canvas.height / 2)];
  half.getContext('2d')?.drawImage(canvas, 0, 0, half.width, half.height);
  return pictureOf(half);
}

/**
 * @param {Sheet} sheet
 * @returns {Promise<Blob>} as sharp as a page of its kind is, or as a canvas can be
 * @throws {Error} if no browser has a canvas that large
 */
export async function toPng(sheet) {
  const canvas = document.createElement('canvas');
  const most = Math.floor(MAX_PIXELS / Math.max(sheet.width, sheet.height));
  const sharpness = Math.min(sheet.sharpness, most);
  [canvas.width, canvas.height] = [sheet.width, sheet.height].map((side) =>
    Math.round(sharpness * side),
  );
  const pen = canvas.getContext('2d');
  if (!pen || sharpness < LEAST_SHARPNESS)
    throw new Error('This figure is too large for a PNG; an SVG has no such limit.');
  pen.fillStyle = sheet.paper;
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.imageSmoothingEnabled = false;
  for (const { x, y, width, height, canvas: image } of sheet.body.images)
    pen.drawImage(
      image,
      sharpness * (sheet.x + x),
      sharpness * (sheet.y + y),
      sharpness * width,
      sharpness * height,
    );
  pen.drawImage(await drawn(serialise(sheetMarkup(sheet, sharpness))), 0, 0);
  const blob = await new Promise((resolve, reject) =>
    canvas.toBlob(
      (made) =>
        made ? resolve(made) : reject(new Error('The browser made no picture of this figure.')),
      'image/png',
    ),
  );
  const { title, description, isPaper } = sheet;
  const perMetre = isPaper ? (1000 * sharpness) / MM_PER_PX : null;
  const texts = { Title: title, Description: description, Software: 'AttentionViz' };
  const png = new Uint8Array(await blob.arrayBuffer());
  return new Blob([withChunks(png, texts, perMetre)], { type: 'image/png' });
}

/**
 * The whole drawing, without what is pixels.
 *
 * @param {Sheet} sheet
 * @param {number} scale
 * @param {...Markup} below
 */
export function sheetMarkup(sheet, scale, ...below) {
  const { width, height, body, x, y, text, title, description, isPaper } = sheet;
  const size = (/** @type {number} */ side) =>
    isPaper && scale === 1 ? `${Number((side * MM_PER_PX).toFixed(2))}mm` : side * scale;
  return node(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      width: size(width),
      height: size(height),
      viewBox: `0 0 ${width} ${height}`,
      'font-family': FONTS,
      role: 'img',
    },
    node('title', {}, title),
    node('desc', {}, description),
    node('metadata', {}, description),
    ...below,
    node('g', { class: 'figure', transform: `translate(${x} ${y})` }, ...body.markup),
    ...text,
  );
}

/** @param {string} svg @returns {Promise<HTMLImageElement>} */
async function drawn(svg) {
  const url = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' }));
  try {
    const image = new Image();
    image.src = url;
    await image.decode();
    return image;
  } finally {
    URL.revokeObjectURL(url);
  }
}
