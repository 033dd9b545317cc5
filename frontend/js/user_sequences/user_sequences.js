/**
 * The texts and images of the reader: kept in this page alone, run through the model of whatever
 * dataset is shown, and asked for one at a time. What was typed last comes first.
 */

import { readAnswer } from './answer.js';
import { addressTexts, fits, isSameList, renumbered } from './item_lists.js';
import { joinedTokens, nameOf } from '../data/user_sequence_text.js';
import { createSlotOverlay } from './slot_overlay.js';
import { createWarming } from './warming.js';

/** @import { Facts, Manifest } from '../page.js' */
/** @import { Answer, Layer, Limits, OwnItem, OwnSequence, Submission, Token } from './live.js' */
/** @import { Renumber } from './item_lists.js' */

/**
 * What a pane shows.
 *
 * @typedef {{dataset: string, version: string | null, manifest: Manifest, maps: readonly string[]}}
 *   Wanted
 */
/**
 * What a dataset's model said of an item.
 *
 * @typedef {{version: string | null, answer: Answer | null, error: string | null}} Run
 */
/** @typedef {Pick<OwnItem, 'kind' | 'text' | 'tokens' | 'file'>} Content */
/**
 * @typedef {{content: Content, wanted: Wanted, maps: readonly string[], submission: Submission |
 *   null, item: OwnItem | null}} Job
 */
/**
 * @typedef {{job: Job, call: AbortController, timer: ReturnType<typeof setTimeout> | null}} Asked
 */
/**
 * Asks the server; an error may say after how many seconds it makes sense to ask again.
 *
 * @typedef {(dataset: string, content: Content, maps: readonly string[], signal: AbortSignal) =>
 *   Promise<ArrayBuffer>} Send
 */

/** How often a server that is busy is asked again, and the longest wait for it, seconds. */
const MAX_TRIES = 3;
const MAX_WAIT_S = 20;

/**
 * @param {Send} send
 * @param {{changed: () => void, moved: (dataset: string, renumber: Renumber, nBefore: number,
 *   nAfter: number) => void, arrived: (dataset: string, token: number, item: OwnItem) => void}}
 *   tell `changed` after every change, `moved` before it where tokens got other numbers, `arrived`
 *   once something new is there
 */
export function createUserSequences(send, { changed, moved, arrived }) {
  /** @type {readonly OwnItem[]} */
  let items = [];
  /** @type {Map<string, Run>} */
  const runs = new Map();
  /** @type {Map<object, Wanted>} */
  const wants = new Map();
  /** @type {Map<string, Layer | null>} */
  const layers = new Map();
  /** @type {Submission | null} */
  let submission = null;
  /** @type {Asked | null} */
  let current = null;
  const warming = createWarming(send);
  /** @type {Limits | null} */
  let limits = null;
  let isOff = false;
  let nMade = 0;

  /** @param {OwnItem} item @param {string} dataset */
  const runKey = (item, dataset) => `${item.id} ${dataset}`;
  /** @param {string} dataset */
  const wantedOf = (dataset) =>
    [...wants.values()].find((wanted) => wanted.dataset === dataset) ?? null;
  /** @param {string} dataset @returns {string[]} */
  const mapsOf = (dataset) => [
    ...new Set(
      [...wants.values()].flatMap((wanted) => (wanted.dataset === dataset ? wanted.maps : [])),
    ),
  ];

  /** @param {OwnItem} item @param {Wanted} wanted */
  function runOf(item, { dataset, version }) {
    const run = runs.get(runKey(item, dataset));
    return run && run.version === version ? run : null;
  }

  /**
   * What is asked for next: what was typed last, then what the shown maps lack.
   *
   * @returns {Job | null}
   */
  function nextJob() {
    if (submission && submission.error === null) {
      const wanted = wantedOf(submission.dataset);
      const maps = mapsOf(submission.dataset);
      return wanted && maps.length > 0
        ? { content: submission, wanted, maps, submission, item: null }
        : null;
    }
    for (const wanted of limits ? wants.values() : []) {
      for (const item of items) {
        const run = fits(item, wanted.manifest) ? runOf(item, wanted) : null;
        if (!fits(item, wanted.manifest) || run?.error) continue;
        const maps = wanted.maps.filter((map) => !run?.answer?.places.has(map));
        if (maps.length > 0) return { content: item, wanted, maps, submission: null, item };
      }
    }
    return null;
  }

  /** Ask for what is wanted now; what is no longer wanted is called off. */
  function pump() {
    const job = nextJob();
    if (current && job && isSameJob(current.job, job)) return;
    if (current?.timer) clearTimeout(current.timer);
    current?.call.abort();
    current = null;
    if (!job) return;
    const own = { job, call: new AbortController(), timer: null };
    current = own;
    void ask(own, 1);
  }

  /** @param {Asked} own @param {number} nTries */
  async function ask(own, nTries) {
    const { job, call } = own;
    const coming = warming.coming(job.wanted.dataset);
    if (coming) await coming; // a page holds one place at the server, not two
    if (call.signal.aborted) return;
    try {
      const buffer = await send(job.wanted.dataset, job.content, job.maps, call.signal);
      if (call.signal.aborted) return;
      warming.tellAnswer(job.wanted.dataset);
      take(job, readAnswer(buffer, job.wanted.manifest, job.content.text));
    } catch (error) {
      if (call.signal.aborted) return;
      const wait = error instanceof Error && 'retryAfter' in error ? Number(error.retryAfter) : 0;
      if (wait > 0 && nTries < MAX_TRIES) {
        own.timer = setTimeout(() => void ask(own, nTries + 1), 1000 * Math.min(MAX_WAIT_S, wait));
        return;
      }
      refuse(job, error instanceof Error ? error.message : String(error));
    }
    if (current === own) current = null;
    changed();
    pump();
  }

  /** @param {Job} job @param {Answer} answer */
  function take({ submission: asked, item: known, wanted }, answer) {
    if (asked) submission = null;
    const item = asked ? keep(asked, answer) : known;
    if (!item || !items.includes(item)) return;
    const former = runOf(item, wanted)?.answer;
    const places = new Map([...(former?.places ?? []), ...answer.places]);
    runs.set(runKey(item, wanted.dataset), {
      version: wanted.version,
      answer: { ...(former ?? answer), places },
      error: null,
    });
    settle();
    const start = layers.get(wanted.dataset) ? startOf(wanted.dataset, item) : null;
    if (asked && start !== null) arrived(wanted.dataset, start, item);
  }

  /**
   * What was asked for becomes one of those that are kept, or takes the place of the one that was
   * edited.
   *
   * @param {Submission} asked
   * @param {Answer} answer
   */
  function keep({ kind, text, tokens, file, edits, dataset }, answer) {
    const edited = items.find(({ id }) => id === edits);
    const id = edited?.id ?? ++nMade;
    const words = kind === 'tokens' ? joinedTokens(answer.columns) : text;
    const item = Object.freeze({
      id,
      name: nameOf(kind, id),
      kind,
      text: words,
      tokens,
      file,
      home: kind === 'tokens' ? dataset : null,
    });
    if (edited) for (const key of [...runs.keys()]) if (key.startsWith(`${id} `)) runs.delete(key);
    items = edited ? items.map((one) => (one === edited ? item : one)) : [...items, item];
    if (edited) answer.columns.sequences.text[0] = words;
    return item;
  }

  /** @param {Job} job @param {string} error */
  function refuse({ submission: asked, item, wanted }, error) {
    if (asked) submission = { ...asked, error };
    else if (item)
      runs.set(runKey(item, wanted.dataset), {
        version: wanted.version,
        answer: runOf(item, wanted)?.answer ?? null,
        error,
      });
  }

  /** Bring the sequences that datasets show in step with what is kept. */
  function settle() {
    for (const wanted of wants.values()) {
      const { dataset, manifest } = wanted;
      /** @type {OwnSequence[]} */
      const sequences = items.flatMap((item) => {
        const answer = fits(item, manifest) ? runOf(item, wanted)?.answer : null;
        return answer ? [{ item, answer }] : [];
      });
      const old = layers.get(dataset) ?? null;
      if (old?.manifest === manifest && isSameList(old.sequences, sequences)) continue;
      const layer =
        sequences.length === 0
          ? null
          : Object.freeze({
              manifest,
              sequences,
              n: sequences.reduce((sum, { answer: { n } }) => sum + n, 0),
              firstToken: manifest.n_tokens,
              firstSequence: manifest.n_sequences,
            });
      layers.set(dataset, layer);
      if (old && old.manifest.n_tokens === manifest.n_tokens)
        moved(
          dataset,
          renumbered(old, layer),
          old.firstToken + old.n,
          manifest.n_tokens + (layer?.n ?? 0),
        );
    }
  }

  /** @param {string} dataset @param {OwnItem} item */
  function startOf(dataset, item) {
    const layer = layers.get(dataset);
    let start = layer?.firstToken ?? 0;
    for (const one of layer?.sequences ?? []) {
      if (one.item === item) return start;
      start += one.answer.n;
    }
    return null;
  }

  /** @param {Content} content @param {string} dataset @param {number | null} [edits] */
  function submit(content, dataset, edits = null) {
    submission = { ...content, dataset, edits, isFirst: !warming.isReady(dataset), error: null };
    pump();
    changed();
  }

  /**
   * The sequences that a dataset shows beyond its corpus; null where there are none.
   *
   * @param {string | null | undefined} dataset
   * @returns {Layer | null}
   */
  function layerOf(dataset) {
    return dataset === null || dataset === undefined ? null : (layers.get(dataset) ?? null);
  }

  return {
    /** What the server takes; null while nothing can be typed. */
    get limits() {
      return limits;
    },
    /**
     * Say what the server takes, or, with null, that nothing can be run here.
     *
     * @param {Limits | null} next
     */
    enable(next) {
      limits = next;
      isOff = next === null;
      if (isOff) items = [];
      pump();
      changed();
    },
    get items() {
      return items;
    },
    /** The texts that an address can say, and how many of the items are left out of it. */
    addressState: () => addressTexts(items),
    addressTexts: () => addressTexts(items).texts,
    get submission() {
      return submission;
    },
    startOf,
    /**
     * The facts of a dataset with these sequences behind those of its corpus.
     *
     * @param {Facts} facts
     * @returns {Facts}
     */
    overlay: (facts) => createSlotOverlay(facts, { layerOf }),
    layerOf,
    /**
     * What the model of a dataset says of an item.
     *
     * @param {OwnItem} item
     * @param {string} dataset
     */
    runOf(item, dataset) {
      const wanted = wantedOf(dataset);
      return wanted && runOf(item, wanted);
    },
    /** Whether an item is being asked for. @param {OwnItem} item */
    isAsked: (item) => current?.job.item === item,
    /**
     * How many tokens a dataset has with those of the reader; without end while some are on their
     * way.
     *
     * @param {Manifest} manifest
     */
    nTokens(manifest) {
      const wanted = wantedOf(manifest.id);
      const isComing = items.some(
        (item) => fits(item, manifest) && !(wanted && runOf(item, wanted)),
      );
      return isComing ? Infinity : manifest.n_tokens + (layers.get(manifest.id)?.n ?? 0);
    },
    /**
     * Say what a pane shows; null where nothing of it can be asked for.
     *
     * @param {object} pane
     * @param {Wanted | null} wanted
     */
    want(pane, wanted) {
      const former = wants.get(pane);
      if (wanted && former && isSameWish(former, wanted)) return;
      if (!wanted && !former) return;
      if (wanted) wants.set(pane, wanted);
      else wants.delete(pane);
      if (former && !wantedOf(former.dataset)) layers.delete(former.dataset);
      settle();
      pump();
    },
    /**
     * Have the model come of a dataset that somebody is about to run something through.
     *
     * @param {string | null} dataset
     */
    warm(dataset) {
      const wanted = dataset === null || !limits || current ? null : wantedOf(dataset);
      if (wanted) warming.warm(wanted, mapsOf(wanted.dataset));
    },
    /** @param {string} text @param {string} dataset */
    addText: (text, dataset) => submit({ kind: 'text', text, tokens: null, file: null }, dataset),
    /** @param {Blob} file @param {string} name @param {string} dataset */
    addImage: (file, name, dataset) =>
      submit({ kind: 'image', text: name, tokens: null, file }, dataset),
    /**
     * Run other tokens in the place of an item.
     *
     * @param {OwnItem} item
     * @param {readonly Token[]} tokens
     * @param {string} dataset
     */
    edit: (item, tokens, dataset) =>
      submit({ kind: 'tokens', text: item.text, tokens, file: null }, dataset, item.id),
    /**
     * Keep texts that no model has seen yet, such as those of an address; those that are kept
     * already stay.
     *
     * @param {readonly string[]} texts
     */
    restore(texts) {
      if (isOff) return;
      const known = new Set(items.map(({ text }) => text));
      const more = texts
        .filter((text) => !known.has(text))
        .map((text) => {
          const id = ++nMade;
          return Object.freeze({
            id,
            name: nameOf('text', id),
            kind: /** @type {const} */ ('text'),
            text,
            tokens: null,
            file: null,
            home: null,
          });
        });
      if (more.length === 0) return;
      items = [...items, ...more];
      pump();
      changed();
    },
    /** @param {OwnItem} item */
    remove(item) {
      items = items.filter((one) => one !== item);
      if (submission?.edits === item.id) submission = null;
      settle();
      pump();
      changed();
    },
    /** Give up what was asked for. */
    cancel() {
      submission = null;
      pump();
      changed();
    },
    /** Ask again for what failed. @param {OwnItem} item */
    again(item) {
      for (const [key, run] of runs)
        if (key.startsWith(`${item.id} `) && run.error)
          runs.set(key, { ...run, version: run.answer ? run.version : null, error: null });
      pump();
      changed();
    },
  };
}

/** @typedef {ReturnType<typeof createUserSequences>} Own */

/** @param {Wanted} a @param {Wanted} b */
function isSameWish(a, b) {
  return (
    a.dataset === b.dataset &&
    a.version === b.version &&
    a.manifest === b.manifest &&
    a.maps.join() === b.maps.join()
  );
}

/** @param {Job} a @param {Job} b */
function isSameJob(a, b) {
  return (
    a.submission === b.submission &&
    a.item === b.item &&
    a.wanted.dataset === b.wanted.dataset &&
    a.wanted.version === b.wanted.version &&
    a.maps.join() === b.maps.join()
  );
}
