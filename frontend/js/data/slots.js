/** A slot holds the newest response to one kind of request; the latest request wins. */

/** @import { Slot, SlotStatus } from '../page.js' */

/**
 * Return an empty slot.
 *
 * @template T
 * @param {string} what words for a message, such as "the map of this head"
 * @param {() => void} changed called after every change of status or value
 * @param {(key: string) => Promise<T> | null} [borrow] the response to a request of another slot
 * @param {(value: T, key: string) => T} [show] transforms a response each time that it is read
 * @returns {Slot<T>}
 */
export function createSlot(what, changed, borrow = () => null, show = (value) => value) {
  /** @type {{group: string, key: string, load: (signal: AbortSignal) => Promise<T>} | null} */
  let wanted = null;
  /** @type {AbortController | null} */
  let request = null;
  /** @type {Promise<T> | null} */
  let answer = null;
  /** @type {{key: string | null, status: SlotStatus, value: T | null, error: Error | null}} */
  const slot = { key: null, status: 'idle', value: null, error: null };

  async function start() {
    if (!wanted) return;
    request?.abort();
    const { signal } = (request = new AbortController());
    const { key, load } = wanted;
    Object.assign(slot, { status: 'loading', error: null });
    changed();
    try {
      answer = borrow(key)?.catch(() => load(signal)) ?? load(signal);
      const value = await answer;
      if (signal.aborted) return;
      Object.assign(slot, { key, status: 'ready', value });
    } catch (error) {
      if (signal.aborted) return;
      Object.assign(slot, {
        status: 'failed',
        error: error instanceof Error ? error : new Error(String(error)),
      });
    }
    changed();
  }

  /** The former key is wanted again, and its value is still there. @param {T} value */
  function settle(value) {
    request?.abort();
    request = null;
    answer = Promise.resolve(value);
    Object.assign(slot, { status: 'ready', error: null });
    changed();
  }

  function forget() {
    request?.abort();
    request = answer = null;
    Object.assign(slot, { key: null, status: 'idle', value: null, error: null });
  }

  return {
    what,
    get key() {
      return slot.key;
    },
    get status() {
      return slot.status;
    },
    get value() {
      return slot.value === null || slot.key === null ? null : show(slot.value, slot.key);
    },
    get error() {
      return slot.error;
    },
    want(group, key, load) {
      if (wanted?.group === group && wanted.key === key) return;
      if (wanted?.group !== group) forget();
      wanted = { group, key, load };
      if (key === slot.key && slot.value !== null) settle(slot.value);
      else void start();
    },
    drop() {
      if (!wanted) return;
      wanted = null;
      forget();
      changed();
    },
    again() {
      void start();
    },
    answerTo: (key) => (wanted?.key === key ? answer : null),
  };
}

/**
 * The response to the current request; null while it is loading, even if a former value is there.
 *
 * @template T
 * @param {Slot<T>} slot
 * @returns {T | null}
 */
export function freshValue({ status, value }) {
  return status === 'ready' ? value : null;
}
