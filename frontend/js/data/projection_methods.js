/** The projection methods, in the order and with the labels of the server's first response. */

/** @typedef {{name: string, label: string, help: string}} MethodLabels */

/** @type {readonly MethodLabels[]} */
let known = [];

/**
 * Set the methods listed by the server.
 *
 * @param {readonly MethodLabels[]} methods
 */
export function setMethods(methods) {
  known = methods;
}

/** All methods, in the order in which they are offered. */
export function allMethods() {
  return known;
}

/**
 * Labels of a method; only its name if the server does not list it.
 *
 * @param {string} name
 * @returns {MethodLabels}
 */
export function methodLabels(name) {
  return known.find((method) => method.name === name) ?? { name, label: name, help: '' };
}
