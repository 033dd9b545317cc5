/** Tables as CSV for spreadsheets; programs should read the JSON export, which is exact. */

/** Without it Excel decodes UTF-8 in the system's code page. */
const BYTE_ORDER_MARK = '\uFEFF';
/**
 * First characters that a spreadsheet reads as a formula, including full-width forms (OWASP, “CSV
 * Injection”).
 */
const FORMULA = /^[=+\-@\t\r\n＝＋－＠]/;

/**
 * Return a CSV file (RFC 4180) with a byte-order mark.
 *
 * @param {readonly (readonly (string | number)[])[]} rows the first one names the columns
 */
export function csvText(rows) {
  return BYTE_ORDER_MARK + rows.map((cells) => `${cells.map(csvCell).join(',')}\r\n`).join('');
}

/**
 * Return one escaped cell. Text that a spreadsheet would evaluate is prefixed with an apostrophe,
 * since a corpus is untrusted input.
 *
 * @param {string | number} value
 */
export function csvCell(value) {
  if (typeof value === 'number') return String(value);
  const text = FORMULA.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
