/** The projection methods in the server's order and words; known once its first answer is there. */

/** @typedef {{name: string, label: string, help: string}} MethodLabels */

/** @type {readonly MethodLabels[]} */
let known = [];

/**
 * Take over the methods that the server names.
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
 * Words of a method; its bare name where the server does not know it.
 *
 * @param {string} name
 * @returns {MethodLabels}
 */
export function methodLabels(name) {
  return known.find((method) => method.name === name) ?? { name, label: name, help: '' };
}
