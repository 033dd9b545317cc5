/**
 * Regular expressions in linear time: a pattern is compiled to an automaton that reads every
 * character once (Ken Thompson, "Regular expression search algorithm", 1968), whose sets of states
 * are cached. The browser's engine backtracks, which takes exponential time for some patterns.
 */

/**
 * @typedef {{kind: 'sign', isSign: (sign: string) => boolean, next: number} | {kind: 'fork', next:
 *   number[]} | {kind: 'start' | 'end', next: number} | {kind: 'found'}} Step
 */
/**
 * @typedef {(machine: Step[], next: number) => number} Part Adds its steps in front of `next` and
 *   returns the first.
 */

/** Maximum size of an automaton: counts such as x{1,500} repeat their states. */
const MAX_STEPS = 1000;
/** Maximum number of cached sets of states; the cache is cleared when it is full. */
const MAX_SETS = 1000;
/** A set, a class, an escaped character or a plain one. */
const PIECE =
  /^(?:\[(?:\\.|[^\]\\])*\]|\\[pPu]\{[^}]*\}|\\u[\da-f]{4}|\\x[\da-f]{2}|\\c[a-z]|\\.|.)/isu;

/** An invalid or unsupported pattern; the message is shown to the user. */
export class PatternError extends Error {}

/**
 * Return a function that tests whether a text contains the pattern, in time proportional to its
 * length.
 *
 * @param {string} source
 * @returns {(text: string) => boolean}
 * @throws {PatternError} If the pattern is invalid, or uses what an automaton does not support.
 */
export function compilePattern(source) {
  checkSyntax(source);
  /** @type {Step[]} */
  const machine = [{ kind: 'found' }];
  const first = createParser(source).parse()(machine, 0);
  return createRunner(machine, first);
}

/** @param {string} source */
function checkSyntax(source) {
  try {
    new RegExp(source, 'iu');
  } catch (error) {
    throw new PatternError(
      String(/** @type {Error} */ (error).message).replace(/^.*\/[a-z]*: /s, ''),
      { cause: error },
    );
  }
  if (/\(\?(?!:)|\\[1-9kbB]/.test(source.replace(/\\\\/g, '')))
    throw new PatternError('only (?: ) groups; no look-around, no references back, no \\b');
}

/**
 * The grammar of a pattern that the browser has found valid.
 *
 * @param {string} source
 */
function createParser(source) {
  let at = 0;

  /** @returns {Part} */
  function alternatives() {
    const parts = [sequence()];
    while (source[at] === '|') {
      at++;
      parts.push(sequence());
    }
    if (parts.length === 1) return parts[0];
    return (machine, next) =>
      add(machine, { kind: 'fork', next: parts.map((part) => part(machine, next)) });
  }

  /** @returns {Part} */
  function sequence() {
    /** @type {Part[]} */
    const parts = [];
    while (at < source.length && source[at] !== '|' && source[at] !== ')')
      parts.push(repeated(atom()));
    return (machine, next) => parts.reduceRight((after, part) => part(machine, after), next);
  }

  /** @returns {Part} */
  function atom() {
    if (source[at] === '(') {
      at += source.startsWith('(?:', at) ? 3 : 1;
      const inside = alternatives();
      at++;
      return inside;
    }
    if (source[at] === '^' || source[at] === '$') {
      const kind = source[at++] === '^' ? 'start' : 'end';
      return (machine, next) => add(machine, { kind, next });
    }
    const [text] = PIECE.exec(source.slice(at)) ?? [''];
    at += text.length;
    const isSign = signTest(text);
    return (machine, next) => add(machine, { kind: 'sign', isSign, next });
  }

  /** @param {Part} part @returns {Part} */
  function repeated(part) {
    const [text, sign, low, comma, high] = /^(?:([*+?])|\{(\d+)(,?)(\d*)\})\??/.exec(
      source.slice(at),
    ) ?? [''];
    at += text.length;
    if (text === '') return part;
    const min = sign ? Number(sign === '+') : Number(low);
    const max = sign ? (sign === '?' ? 1 : Infinity) : high ? Number(high) : comma ? Infinity : min;
    return times(part, min, max);
  }

  return { parse: alternatives };
}

/** @param {Part} part @param {number} min @param {number} max @returns {Part} */
function times(part, min, max) {
  return (machine, next) => {
    let first = next;
    if (max === Infinity) {
      const loop = add(machine, { kind: 'fork', next: [next] });
      /** @type {{next: number[]}} */ (machine[loop]).next.push(part(machine, loop));
      first = loop;
    } else {
      for (let i = min; i < max; i++)
        first = add(machine, { kind: 'fork', next: [next, part(machine, first)] });
    }
    for (let i = 0; i < min; i++) first = part(machine, first);
    return first;
  };
}

/** @param {Step[]} machine @param {Step} step @returns {number} */
function add(machine, step) {
  if (machine.length >= MAX_STEPS) throw new PatternError('the expression is too long');
  return machine.push(step) - 1;
}

/**
 * Whether a character matches an atom, by the browser's engine; cached per character.
 *
 * @param {string} text
 * @returns {(sign: string) => boolean}
 */
function signTest(text) {
  const pattern = new RegExp(`^${text}$`, 'iu');
  /** @type {Map<string, boolean>} */
  const known = new Map();
  return (sign) => {
    let fits = known.get(sign);
    if (fits === undefined) known.set(sign, (fits = pattern.test(sign)));
    return fits;
  };
}

/**
 * States that an automaton may be in before it reads a character.
 *
 * @typedef {{steps: number[], isFound: boolean, isFoundAtEnd: boolean, next: Map<string, States>}}
 *   States
 */

/**
 * @param {Step[]} machine
 * @param {number} first
 * @returns {(text: string) => boolean}
 */
function createRunner(machine, first) {
  /** @type {Map<string, States>} */
  let known = new Map();
  let begin = statesOf([first], true);

  /** @param {readonly number[]} entries @param {boolean} isStart @returns {States} */
  function statesOf(entries, isStart) {
    const steps = reach(entries, isStart, false);
    const name = steps.join(' ');
    const same = known.get(name);
    if (same && !isStart) return same;
    const isFound = steps.includes(0);
    const states = {
      steps,
      isFound,
      isFoundAtEnd: isFound || reach(entries, isStart, true).includes(0),
      next: new Map(),
    };
    if (!isStart) known.set(name, states);
    return states;
  }

  /**
   * All states that are reached without reading a character.
   *
   * @param {readonly number[]} entries
   * @param {boolean} isStart
   * @param {boolean} isEnd
   */
  function reach(entries, isStart, isEnd) {
    /** @type {Set<number>} */
    const seen = new Set();
    const open = [...entries];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      if (seen.has(at)) continue;
      seen.add(at);
      const step = machine[at];
      if (step.kind === 'fork') open.push(...step.next);
      else if ((step.kind === 'start' && isStart) || (step.kind === 'end' && isEnd))
        open.push(step.next);
    }
    return [...seen].sort((a, b) => a - b);
  }

  /** @param {States} states @param {string} sign @returns {States} */
  function read(states, sign) {
    const entries = [first]; // a match may begin anywhere
    for (const at of states.steps) {
      const step = machine[at];
      if (step.kind === 'sign' && step.isSign(sign)) entries.push(step.next);
    }
    const next = statesOf(entries, false);
    states.next.set(sign, next);
    return next;
  }

  return (text) => {
    if (known.size > MAX_SETS) {
      known = new Map();
      begin = statesOf([first], true);
    }
    let states = begin;
    for (const sign of text) {
      if (states.isFound) return true;
      states = states.next.get(sign) ?? read(states, sign);
    }
    return states.isFoundAtEnd;
  };
}
