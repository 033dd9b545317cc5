/** placeholder while writing */
export function createScatter() { throw new Error('x'); }
