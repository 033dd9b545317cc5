/** Text and resolution in a PNG file (PNG specification, 11.3.3.4 iTXt and 11.3.4.3 pHYs). */

/** Signature and header chunk: what comes after may be ancillary. */
const AFTER_HEADER = 33;

const CRC = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let bit = 0; bit < 8; bit++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c;
});

/**
 * @param {Uint8Array} png
 * @param {Record<string, string>} texts by keyword, such as Title and Description
 * @param {number | null} pixelsPerMetre null: not told
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function withChunks(png, texts, pixelsPerMetre) {
  const added = [
    ...(pixelsPerMetre === null ? [] : [chunk('pHYs', resolution(Math.round(pixelsPerMetre)))]),
    ...Object.entries(texts).map(([keyword, text]) =>
      // keyword, not compressed, no language, no translated keyword
      chunk('iTXt', new TextEncoder().encode(`${keyword}\0\0\0\0\0${text}`)),
    ),
  ];
  const parts = [png.subarray(0, AFTER_HEADER), ...added, png.subarray(AFTER_HEADER)];
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** @param {number} perMetre */
function resolution(perMetre) {
  const content = new Uint8Array(9);
  const view = new DataView(content.buffer);
  view.setUint32(0, perMetre);
  view.setUint32(4, perMetre);
  content[8] = 1; // per metre
  return content;
}

/** @param {string} type @param {Uint8Array} content */
function chunk(type, content) {
  const bytes = new Uint8Array(content.length + 12);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, content.length);
  bytes.set(new TextEncoder().encode(type), 4);
  bytes.set(content, 8);
  let crc = 0xffffffff;
  for (const byte of bytes.subarray(4, -4)) crc = CRC[(crc ^ byte) & 255] ^ (crc >>> 8);
  view.setUint32(bytes.length - 4, ~crc >>> 0);
  return bytes;
}
