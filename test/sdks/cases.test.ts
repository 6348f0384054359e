import { describe, expect, it } from 'vitest';
import { createCircuitBreakers, type ErrorCategory } from '../../src/index.ts';
import type { Answer } from '../../src/testing/fault-server.ts';
import { expectAborted, quiet, serve, within } from '../integration/support.ts';
import { ask, type Sdk, sdks, type Told } from './sdks.ts';
import { providerErrorIn, quickFetch } from './support.ts';

const text = 'one two three four';
const good: Answer = { text };

/** What an SDK makes of it alone: takes it for a whole answer, raises an error, or waits. */
type Alone = 'silent' | 'error' | 'waits' | 'retries';

interface Case {
  readonly what: string;
  /** The first answer; a good one follows. */
  readonly answer: Answer;
  /** By the name of the SDK, else `others`. */
  readonly alone: Readonly<Record<string, Alone>> & { readonly others: Alone };
  /** What was said before it. */
  readonly before?: string;
  /** Behind it: the good answer, or this. */
  readonly behind?: ErrorCategory;
}

/** The helpers that look for a last message. */
const checked = { 'openai chat.completions.stream': 'error', 'anthropic messages.stream': 'error' } as const;
const checkedEmpty = { ...checked, 'ai-sdk anthropic': 'error' } as const;
/** It reads the first message before it says that the answer has begun, and waits two seconds then. */
const peeks = { 'ai-sdk openai.chat': 'retries' } as const;

const cases: readonly Case[] = [
  {
    what: 'a clean close in the middle of the answer',
    answer: { text, after: 2, fault: 'end' },
    alone: { ...checked, others: 'silent' },
    before: 'one two',
    behind: 'interrupted',
  },
  { what: 'a clean close before content', answer: { text, after: 0, fault: 'end' }, alone: { ...checked, others: 'silent' } },
  { what: 'a reset before content', answer: { text, after: 0, fault: 'reset' }, alone: { ...peeks, others: 'error' } },
  {
    what: 'a reset after content',
    answer: { text, after: 2, fault: 'reset' },
    alone: { others: 'error' },
    before: 'one two',
    behind: 'network',
  },
  { what: 'a 200 and then silence', answer: { text, after: 'headers', fault: 'stall' }, alone: { others: 'waits' } },
  { what: 'a 200 and then keep-alives', answer: { text, after: 0, fault: 'stall', heartbeat: 20 }, alone: { others: 'waits' } },
  {
    what: 'a stall after content, with keep-alives',
    answer: { text, after: 2, fault: 'stall', heartbeat: 20 },
    alone: { others: 'waits' },
    before: 'one two',
    behind: 'timeout',
  },
  {
    what: 'a 200 and then "overloaded" before content',
    answer: { text, after: 0, fault: 'error-event' },
    alone: { ...peeks, others: 'error' },
  },
  { what: 'an empty 200', answer: { status: 200, body: '' }, alone: { ...checkedEmpty, others: 'silent' } },
  {
    what: 'a page in place of a stream',
    answer: { status: 200, body: '<html>Sign in</html>' },
    alone: { ...checkedEmpty, others: 'silent' },
  },
];

/** Short only where it is waited for: the machine may be slow. */
const deadlinesFor = (how: Alone, before: string | undefined) =>
  how === 'waits' ? { firstContent: before === undefined ? 500 : 5_000, idle: 300 } : {};

function expectWhole(told: Told): void {
  expect(told.error).toBeUndefined();
  expect(told).toMatchObject({ ending: 'complete', text });
  expect(told.value, 'the SDK knows why it ended').toMatch(/^(stop|end_turn|message_stop|response\.completed)$/);
}

function expectAlone(told: Told, alone: Alone, before = ''): void {
  expect(providerErrorIn(told.error)).toBeUndefined();
  if (alone === 'retries') expectWhole(told);
  else expect(told).toMatchObject({ text: before, ending: { silent: 'complete', error: 'error', waits: 'pending' }[alone] });
}

/** All SDKs at once, for most of the time is spent in waiting. */
const ofEach = (run: (sdk: Sdk) => Promise<void>) => async (): Promise<void> => {
  await Promise.all(
    sdks.map((sdk) =>
      run(sdk).catch((error: Error) => {
        error.message = `${sdk.name}: ${error.message}`;
        throw error;
      }),
    ),
  );
};

describe('alone and behind', () => {
  it.each(cases.map((each) => [each.what, each] as const))('%s', (_, { answer, alone, before, behind }) =>
    ofEach(async (sdk) => {
      const [first, second] = [await serve([answer, good]), await serve([answer, good])];
      const how = alone[sdk.name] ?? alone.others;
      const [by, told] = await Promise.all([
        ask(sdk, { baseURL: first.url }, how === 'waits' ? 500 : undefined),
        ask(sdk, { baseURL: second.url, fetch: quickFetch({ timeout: deadlinesFor(how, before) }), maxRetries: 0 }),
      ]);
      expectAlone(by, how, before);
      if (behind === undefined) {
        expectWhole(told);
        expect(second.requests).toHaveLength(2);
      } else {
        expect(told).toMatchObject({ ending: 'error', text: before });
        expect(providerErrorIn(told.error), String(told.error)).toMatchObject({ category: behind, phase: 'streaming' });
        expect(second.requests).toHaveLength(1);
      }
    })(),
  );
});

describe('behind it', () => {
  it(
    'a good answer is whole, in one request',
    ofEach(async (sdk) => {
      const server = await serve([good]);
      expectWhole(await ask(sdk, { baseURL: server.url, fetch: quickFetch(), maxRetries: 0 }));
      expect(server.requests).toHaveLength(1);
    }),
  );

  it(
    'a 529 that says until when is waited for',
    ofEach(async (sdk) => {
      const server = await serve([{ status: 529, headers: { 'retry-after-ms': '80' } }, good]);
      const told = await ask(sdk, { baseURL: server.url, fetch: quickFetch(), maxRetries: 0 });
      expectWhole(told);
      expect(told.elapsed).toBeGreaterThan(75);
    }),
  );

  it(
    "a 503 that stays is the SDK's own error, after three requests and not nine",
    ofEach(async (sdk) => {
      const server = await serve({ status: 503, body: { type: 'error', error: { message: 'all busy', type: 'overloaded_error' } } });
      // Whoever forgets to turn off the SDK's own retries is helped where the SDK reads x-should-retry.
      const readsHeader = /^(openai|anthropic) /.test(sdk.name);
      const told = await ask(sdk, { baseURL: server.url, fetch: quickFetch(), ...(!readsHeader && { maxRetries: 0 }) });
      expect(told.ending).toBe('error');
      expect(statusOf(told.error)).toBe(503);
      expect(String(told.error)).toContain('all busy');
      expect(server.requests).toHaveLength(3);
    }),
  );

  it(
    'a 401 is its own error after one request',
    ofEach(async (sdk) => {
      const server = await serve({ status: 401, body: { type: 'error', error: { message: 'no such key', type: 'authentication_error' } } });
      const told = await ask(sdk, { baseURL: server.url, fetch: quickFetch(), maxRetries: 0 });
      expect(statusOf(told.error)).toBe(401);
      expect((told.error as Error).constructor.name).toBe(sdk.name.startsWith('ai-sdk') ? 'APICallError' : 'AuthenticationError');
      expect(server.requests).toHaveLength(1);
    }),
  );

  it(
    'an outage opens the breaker, and then nobody is asked',
    ofEach(async (sdk) => {
      const server = await serve({ status: 500 });
      const fetch = quickFetch({ retry: { maxAttempts: 1 }, breakers: createCircuitBreakers({ consecutiveFailures: 2 }) });
      const question = { baseURL: server.url, fetch, maxRetries: 0 };
      for (let call = 0; call < 2; call++) await ask(sdk, question);
      const told = await ask(sdk, question);
      expect(providerErrorIn(told.error)).toMatchObject({ category: 'circuit-open' });
      expect(server.requests).toHaveLength(2);
    }),
  );

  it.each([
    ['before the headers', { text, after: 'request', fault: 'stall' }],
    ['before content', { text, after: 0, fault: 'stall', heartbeat: 20 }],
    ['after content', { text, after: 2, fault: 'stall' }],
  ] as readonly (readonly [string, Answer])[])('a caller who leaves %s ends the request', (when, answer) =>
    ofEach(async (sdk) => {
      const server = await serve([answer]);
      const stop = new AbortController();
      let hasSaid = (): void => {};
      const said = new Promise<void>((resolve) => {
        hasSaid = resolve;
      });
      const onText = (delta: string) => delta !== '' && hasSaid();
      const told = ask(sdk, { baseURL: server.url, fetch: quickFetch(), maxRetries: 0, signal: stop.signal, onText });
      await within<unknown>(when === 'after content' ? said : server.request(0));
      await quiet(20);
      stop.abort();
      await expectAborted(server.requests[0]);
      expect((await told).ending).not.toBe('pending');
      expect(server.requests).toHaveLength(1);
    })(),
  );

  it(
    'a long answer comes whole',
    ofEach(async (sdk) => {
      const words = Array.from({ length: 40 }, (_, index) => `${index}`.padEnd(20_000, '.'));
      const server = await serve([{ text: words }]);
      const told = await ask(sdk, { baseURL: server.url, fetch: quickFetch(), maxRetries: 0 });
      expect(told.ending).toBe('complete');
      expect(told.text).toBe(words.join(''));
    }),
  );

  it.each(sdks.filter(({ name }) => /^(openai chat|anthropic).*create$/.test(name)).map((sdk) => [sdk.name, sdk] as const))(
    'a slow reader slows the server, and is not taken for a silent provider: %s',
    async (_, sdk) => {
      const server = await serve([{ text: ['x'.repeat(10_000)], repeat: 2_000 }]);
      let sent = 0;
      const told = await ask(sdk, {
        baseURL: server.url,
        fetch: quickFetch({ timeout: { idle: 400 } }),
        maxRetries: 0,
        async onText() {
          if (sent > 0) return;
          await quiet(800);
          sent = server.requests[0]?.bytesSent ?? 0;
        },
      });
      expect(sent).toBeLessThan(18_000_000);
      expect(told.error).toBeUndefined();
      expect(told.text.length).toBe(20_000_000);
    },
  );
});

function statusOf(error: unknown): number | undefined {
  const { status, statusCode } = error as { status?: number; statusCode?: number };
  return status ?? statusCode;
}
