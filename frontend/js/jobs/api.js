/** Requests of the jobs API. */

import { readError } from '../data/transport.js';

/** @import { Job, JobOptions } from './types.js' */

/**
 * @param {string | URL} base where the page lies
 * @param {typeof fetch} send
 */
export function createJobsApi(base, send) {
  const root = new URL('api/v1/jobs', base);

  /**
   * @param {string} path
   * @param {RequestInit} [options]
   */
  async function ask(path, options = {}) {
    let answer;
    try {
      answer = await send(root + path, { headers: { Accept: 'application/json' }, ...options });
    } catch (error) {
      if (options.signal?.aborted) throw error;
      throw new Error('Can’t reach the server.', { cause: error });
    }
    if (!answer.ok) throw await readError(answer);
    return answer.json();
  }

  return {
    /**
     * Options of the form; null if the server has no jobs.
     *
     * @returns {Promise<JobOptions | null>}
     */
    async options() {
      const { is_enabled: isEnabled, ...options } = await ask('/options');
      return isEnabled ? options : null;
    },
    /** @param {AbortSignal} signal @returns {Promise<Job[]>} */
    list: async (signal) => (await ask('', { signal })).jobs,
    /** @param {FormData} form @param {AbortSignal} signal @returns {Promise<Job>} */
    upload: (form, signal) => ask('', { method: 'POST', body: form, signal }),
    /** @param {string} id @returns {Promise<Job>} */
    start: (id) => ask(`/${id}/start`, { method: 'POST' }),
    /**
     * Cancel a running job, or delete one that has ended; returns the remaining jobs.
     *
     * @param {string} id
     * @returns {Promise<Job[]>}
     */
    remove: async (id) => (await ask(`/${id}`, { method: 'DELETE' })).jobs,
  };
}

/** @typedef {ReturnType<typeof createJobsApi>} JobsApi */
