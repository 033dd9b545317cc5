import assert from 'node:assert/strict';
import test from 'node:test';
import { createConnection } from '../../frontend/js/data/transport.js';

/**
 * A connection to a server that answers question by question what it is told to; time passes at
 * once.
 */
function made(t, answers, { isUp = () => true } = {}) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const [asked, told] = [[], []];
  const ask = async (address, options) => {
    if (options.method === 'HEAD') {
      if (isUp()) return new Response(null, { status: 404 });
      throw new TypeError('fetch failed');
    }
    asked.push(String(address));
    const next = answers.length > 1 ? answers.shift() : answers[0];
    if (next instanceof Error) throw next;
    return next();
  };
  const connection = createConnection(ask, 'http://localhost/', (isLost) => told.push(isLost));
  /** Let time pass until a promise settles. */
  const settled = async (promise) => {
    let found = null;
    promise.then(
      (value) => {
        found = { value };
      },
      (error) => {
        found = { error };
      },
    );
    for (let i = 0; i < 400 && !found; i++) {
      await new Promise(setImmediate);
      t.mock.timers.tick(250);
    }
    if (found?.error) throw found.error;
    return found?.value;
  };
  return { connection, asked, told, settled };
}

const GONE = new TypeError('fetch failed');
const fine = () => Response.json({ n: 1 });

test('a request during an outage is repeated after it, and the listener is called', async (t) => {
  let nProbes = 0;
  const { asked, connection, settled, told } = made(t, [GONE, fine], { isUp: () => ++nProbes > 8 });
  const answer = await settled(connection.ask('a'));
  assert.deepEqual(await answer.json(), { n: 1 });
  assert.deepEqual(
    [asked, told],
    [
      ['a', 'a'],
      [true, false],
    ],
  );
});

test('a single failed request does not call the listener', async (t) => {
  const { connection, settled, told } = made(t, [GONE, fine]);
  assert.equal((await settled(connection.ask('a'))).status, 200);
  assert.deepEqual(told, []);
});

test('a response that breaks off in the middle is requested again', async (t) => {
  const broken = () =>
    new Response(
      new ReadableStream({ start: (stream) => stream.error(new TypeError('network error')) }),
    );
  const { connection, settled } = made(t, [broken, fine]);
  assert.deepEqual(await (await settled(connection.ask('a'))).json(), { n: 1 });
});

test('a request that fails while the server is up is rejected after 4 attempts', async (t) => {
  const { asked, connection, settled, told } = made(t, [GONE]);
  await assert.rejects(settled(connection.ask('a')), /fetch failed/);
  assert.deepEqual([asked.length, told], [4, []]);
});

test('a POST request is sent once unless it is marked repeatable', async (t) => {
  const { asked, connection, settled } = made(t, [GONE]);
  await assert.rejects(settled(connection.ask('a', { method: 'POST' })), /fetch failed/);
  assert.equal(asked.length, 1);
  await assert.rejects(
    settled(connection.ask('b', { method: 'POST', isRepeatable: true })),
    /fetch failed/,
  );
  assert.equal(asked.length, 5);
});

test('an aborted request is rejected without further attempts', async (t) => {
  const { asked, connection, settled } = made(t, [GONE, fine], { isUp: () => false });
  const question = new AbortController();
  const waiting = connection.ask('a', { signal: question.signal });
  await new Promise(setImmediate);
  question.abort();
  await assert.rejects(settled(waiting), { name: 'AbortError' });
  assert.equal(asked.length, 1);
});

test('errors of the server are returned, and a 502 of a proxy is retried', async (t) => {
  const busy = () => new Response('busy', { status: 503, headers: { 'Retry-After': '3' } });
  const refusal = () => Response.json({ error: {} }, { status: 503 });
  const ended = () => new Response('', { status: 401 });
  const { asked, connection, settled } = made(t, [
    busy,
    refusal,
    ended,
    () => new Response('<h1>Bad gateway</h1>', { status: 502 }),
    fine,
  ]);
  const statuses = [];
  for (let i = 0; i < 4; i++) statuses.push((await settled(connection.ask('a'))).status);
  assert.deepEqual([statuses, asked.length], [[503, 503, 401, 200], 5]);
});
