/** Tables as CSV, for spreadsheets: what a program reads exactly is JSON. */

/** Without it Excel takes UTF-8 for the code page of the machine. */
const BYTE_ORDER_MARK = '\uFEFF';
/**
 * What a spreadsheet takes for the beginning of a formula, also as wide signs of East Asian
 * keyboards (OWASP, “CSV Injection”).
 */
const FORMULA = /^[=+\-@\t\r\n＝＋－＠]/;

/**
 * Return a file as RFC 4180 has it, behind a byte-order mark.
 *
 * @param {readonly (readonly (string | number)[])[]} rows the first one names the columns
 */
export function csvText(rows) {
  return BYTE_ORDER_MARK + rows.map((cells) => `${cells.map(csvCell).join(',')}\r\n`).join('');
}

/**
 * A cell. Text that a spreadsheet would compute gets an apostrophe first: a corpus may have come
 * from anyone.
 *
 * @param {string | number} value
 */
export function csvCell(value) {
  if (typeof value === 'number') return String(value);
  const text = FORMULA.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
