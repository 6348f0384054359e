import { Writable } from 'node:stream';
import pino from 'pino';
import { lastValueFrom, take, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { createCircuitBreakers } from '../../src/index.ts';
import { type LogOptions, logLifecycle } from '../../src/log-lifecycle.ts';
import { apiKey, clientOf, collect, expectText, request, serve } from '../integration/support.ts';

type Line = Record<string, unknown>;

/** The real pino, writing to a stream. */
function logged(client: ReturnType<typeof clientOf>, options: LogOptions = {}) {
  let written = '';
  const stream = new Writable({
    write: (chunk, _encoding, done) => {
      written += String(chunk);
      done();
    },
  });
  client.lifecycle$.subscribe(logLifecycle(pino({ level: 'debug', base: null }, stream), options));
  const lines = (): Line[] =>
    written
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));
  return { lines, text: () => written, told: () => lines().map(({ level, msg }) => `${level} ${msg}`) };
}

describe('the log of a client', () => {
  it('has a line for what is worth one, with the request id', async () => {
    const server = await serve([{ status: 503 }, { text: 'Hello', usage: { inputTokens: 9, outputTokens: 6 } }]);
    const client = clientOf('openai', server.url);
    const log = logged(client);
    expectText(await collect(client.stream(request, { requestId: 'order-1' })), 'Hello');
    expect(log.told()).toEqual(['40 steadystream retry', '30 steadystream finish']);
    expect(log.lines()).toMatchObject([
      {
        requestId: 'order-1',
        provider: 'openai',
        model: 'm-1',
        attempt: 1,
        error: { category: 'server-error', status: 503, providerRequestId: 'req_fault_0' },
      },
      { requestId: 'order-1', attempt: 2, finishReason: 'stop', usage: { inputTokens: 9, outputTokens: 6 } },
    ]);
  });

  it('tells all where that is asked for', async () => {
    const server = await serve({ text: 'Hello' });
    const client = clientOf('openai', server.url);
    const log = logged(client, { level: 'debug' });
    await collect(client.stream(request));
    expect(log.told()).toEqual(
      ['begin', 'attempt', 'headers', 'first-content', 'attempt-end']
        .map((step) => `20 steadystream ${step}`)
        .concat('30 steadystream finish'),
    );
  });

  it('has errors as errors, and what was left or aborted as a matter of course', async () => {
    const server = await serve([{ status: 400 }, { text: 'one two', tokenDelay: 20 }]);
    const client = clientOf('openai', server.url);
    const log = logged(client);
    await collect(client.stream(request));
    await lastValueFrom(client.stream(request).pipe(take(2), toArray()));
    await collect(client.stream(request, { signal: AbortSignal.abort() }));
    expect(log.told()).toEqual(['50 steadystream error', '30 steadystream cancel', '30 steadystream error']);
  });

  it('tells of breakers', async () => {
    const server = await serve({ status: 503 });
    const client = clientOf('openai', server.url, {
      breakers: createCircuitBreakers({ consecutiveFailures: 1 }),
      retry: { maxAttempts: 1 },
    });
    const log = logged(client);
    await collect(client.stream(request));
    expect(log.lines()[0]).toMatchObject({
      msg: 'steadystream breaker',
      level: 40,
      provider: 'openai',
      from: 'closed',
      to: 'open',
      reason: 'consecutive-failures',
    });
  });

  it('holds nothing that a user, a model or a provider said, no secret, and no character that a terminal obeys', async () => {
    const words = 'the-words-of-a-provider';
    const server = await serve([
      { text: ['secret', 'answer'], after: 2, fault: 'reset' },
      { status: 401, body: { error: { message: `${words} ${apiKey} \u001b[31m` } } },
    ]);
    const client = clientOf('openai', server.url, { recovery: ['continue'] });
    const log = logged(client, { level: 'debug' });
    await collect(client.stream({ model: 'm-1\u001b[31m\nforged', messages: [{ role: 'user', content: 'private question' }] }));
    expect(log.lines().length).toBeGreaterThan(6);
    for (const said of [words, apiKey, 'secret', 'answer"', 'private', '\\u001b', 'forged\n']) expect(log.text()).not.toContain(said);
    for (const { model } of log.lines()) expect(model).toMatch(/^[\x20-\x7e]*$/);
  });

  it('has no more lines of a call than it may, and counts the rest on the last', async () => {
    const server = await serve((_, index) => (index < 5 ? { status: 503 } : { text: 'Hello' }));
    const client = clientOf('openai', server.url, {
      retry: { maxAttempts: 6 },
      breakers: createCircuitBreakers({ consecutiveFailures: 50 }),
    });
    const log = logged(client, { maxLines: 3 });
    expectText(await collect(client.stream(request)), 'Hello');
    expect(log.told()).toEqual(['40 steadystream retry', '40 steadystream retry', '30 steadystream finish']);
    expect(log.lines().at(-1)).toMatchObject({ droppedLines: 3 });
  });

  const cases: readonly [unknown, object, RegExp][] = [
    [undefined, {}, /^logLifecycle: logger is missing/],
    [{ info: () => {} }, {}, /^logLifecycle: logger must have the methods debug, info, warn, error/],
    [console, { level: 'loud' }, /^logLifecycle: level must be one of debug, info, warn, error/],
    [console, { lines: 1 }, /^logLifecycle: lines is not an option$/],
  ];
  it.each(cases)('refuses what is wrong at once', (logger, options, message) => {
    expect(() => logLifecycle(logger as never, options as never)).toThrow(message);
  });
});
