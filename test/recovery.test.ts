import { concat, lastValueFrom, NEVER, of, toArray } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import {
  type Checkpoint,
  type ClientConfig,
  createClient,
  isProviderError,
  type LifecycleEvent,
  type Part,
  type Provider,
  type ProviderError,
  type ProviderEvent,
  result,
  type StreamEvent,
  type StreamOptions,
  type StreamPosition,
  textDeltas,
} from '../src/index.ts';
import { type FakeAttempt, failure, fakeProvider, finish, reasoning, text, toolCall } from '../src/testing/index.ts';
import { listen, watchTimersAndErrors } from './operators/helpers.ts';

const { timers } = watchTimersAndErrors();
const request = { model: 'm', messages: [{ role: 'user', content: 'Tell me' }] } as const;
const broken = failure('interrupted');
const usage = { inputTokens: 1, outputTokens: 1, totalTokens: 2, estimated: false };
type Attempt = FakeAttempt;

function run(attempts: readonly Attempt[], config: Partial<ClientConfig> = {}, options: StreamOptions = {}) {
  const provider = { ...fakeProvider<never>(...attempts), ...config.provider };
  const told = listen(createClient({ ...config, provider }).stream(request, options));
  vi.advanceTimersByTime(300_000);
  return { ...told, values: told.values as StreamEvent[], error: told.error as ProviderError | undefined, provider };
}
const typesOf = (events: readonly StreamEvent[]) => events.map(({ type }) => type);
const textOf = async (events: readonly StreamEvent[]) => (await lastValueFrom(of(...events).pipe(result()))).text;

/** A provider that keeps its answers: the cursor is how many events were told. */
function resuming(attempts: readonly Attempt[], asked: (string | undefined)[] = []): Provider {
  const provider = fakeProvider<never>(...attempts);
  return {
    ...provider,
    capabilities: { resume: true },
    resume: ({ cursor }, context) => {
      asked.push(cursor);
      return provider.request(request, context);
    },
    decoder(head, from) {
      const inner = provider.decoder(head);
      let told = Number(from ?? 0);
      return {
        get cursor() {
          return String(told);
        },
        decode(message) {
          told++;
          return inner.decode(message);
        },
      };
    },
  };
}

describe('an answer that breaks after content', () => {
  it('is an error with its partial and its checkpoint, where nothing can go on (str-04) (str-06) (str-27)', () => {
    const told = run([[text('Hel'), broken]]);
    expect(told.error).toMatchObject({ category: 'interrupted', retryable: true, gaveUp: 'content-delivered' });
    expect(told.error?.partial?.text).toBe('Hel');
    expect(told.error?.checkpoint).toMatchObject({ version: 1, provider: 'fake', model: 'm', attempts: 1, result: { text: 'Hel' } });
    expect(JSON.parse(JSON.stringify(told.error))).not.toHaveProperty('checkpoint');
  });

  it('resumes where its provider keeps it, and nothing shows', async () => {
    const asked: (string | undefined)[] = [];
    const provider = resuming(
      [
        [text('Hel'), broken],
        [text('lo'), broken],
        [text('!'), finish()],
      ],
      asked,
    );
    const told = run([], { provider });
    expect(typesOf(told.values)).toEqual(['start', 'text-delta', 'text-delta', 'text-delta', 'finish']);
    expect(await textOf(told.values)).toBe('Hello!');
    expect(asked).toEqual(['1', '2']);
    expect(told.error).toBeUndefined();
  });

  it('continues with a new generation, behind a seam, from the text so far', async () => {
    const told = run(
      [
        [text('Hello '), broken],
        [text('there'), finish()],
      ],
      { recovery: ['resume', 'continue'] },
    );
    expect(typesOf(told.values)).toEqual(['start', 'text-delta', 'seam', 'text-delta', 'finish']);
    expect(told.values.find(({ type }) => type === 'seam' || type === 'restart')).toMatchObject({
      attempt: 2,
      provider: 'fake',
      model: 'm',
    });
    expect(await textOf(told.values)).toBe('Hello there');
    expect(told.provider.requests[1]?.messages).toMatchObject([
      request.messages[0],
      { role: 'assistant', content: 'Hello ' },
      { role: 'user', content: expect.stringContaining('cut off') },
    ]);
  });

  it.each([
    ['continues by prefill where the model takes it', 'Hello', []],
    ['asks even such a model where the text ends in white space, which none takes', 'Hello ', [{ role: 'user' }]],
  ])('%s', (_behaviour, said, more) => {
    const attempts = [
      [text(said), broken],
      [text('there'), finish()],
    ] as const;
    const provider = { ...fakeProvider<never>(...attempts), capabilities: { prefill: (model: string) => model === 'm' } };
    const told = run([], { provider, recovery: ['continue'] });
    expect(told.error).toBeUndefined();
    expect(provider.requests[1]?.messages).toMatchObject([request.messages[0], { role: 'assistant', content: said }, ...more]);
  });

  it('continues more than once, each time from all of the text', async () => {
    const told = run(
      [
        [text('a'), broken],
        [text('b'), broken],
        [text('c'), finish()],
      ],
      { recovery: ['continue'] },
    );
    expect(await textOf(told.values)).toBe('abc');
    expect(told.provider.requests[2]?.messages[1]).toEqual({ role: 'assistant', content: 'ab' });
  });

  it.each<[string, Attempt]>([
    ['in a thought', [reasoning('Hm'), broken]],
    ['in a thought behind text', [text('a'), reasoning('Hm'), broken]],
    ['in the input of a tool call', [text('a'), { type: 'tool-input-delta', toolCallId: 'c', delta: '{' }, broken]],
  ])('is not continued %s, but begun anew where that is allowed', (_what, first) => {
    expect(run([first], { recovery: ['continue'] }).error?.category).toBe('interrupted');
    const told = run([first, [text('b'), finish()]], { recovery: ['continue', 'restart'] });
    expect(typesOf(told.values)).toContain('restart');
    expect(typesOf(told.values)).not.toContain('seam');
  });

  it('begins anew, and says that what was there is void', async () => {
    const told = run(
      [
        [text('old'), broken],
        [text('new'), finish()],
      ],
      { recovery: ['restart'] },
    );
    expect(typesOf(told.values)).toEqual(['start', 'text-delta', 'restart', 'text-delta', 'finish']);
    expect(told.values.find(({ type }) => type === 'seam' || type === 'restart')).toMatchObject({
      attempt: 2,
      error: { category: 'interrupted' },
    });
    expect(await textOf(told.values)).toBe('new');
  });

  it('after a tool was called is never generated again', () => {
    for (const recovery of ['continue', 'restart', { restart: { verify: true } }] as const) {
      const told = run([[toolCall('look', {}), text('a'), broken]], { recovery: [recovery] });
      expect(told.error?.partial?.toolCalls).toHaveLength(1);
      expect(told.provider.requests).toHaveLength(1);
    }
  });

  it('is left as it is after its end, and by a failure that asking again does not mend', () => {
    expect(run([[text('a'), finish()]], { recovery: ['restart'] }).error).toBeUndefined();
    expect(run([[text('a'), failure('content-filter')]], { recovery: ['restart'] }).error).toMatchObject({ gaveUp: 'not-retryable' });
  });

  it('goes on as often as a retry would, and after the same waits', () => {
    const always = Array.from({ length: 4 }, () => [text('a'), broken]);
    const told = run(always, { recovery: ['continue'], retry: { maxAttempts: 3 } });
    expect(told.error).toMatchObject({ gaveUp: 'attempts', partial: { text: 'aaa' } });
    expect(told.provider.requests).toHaveLength(3);
    expect(run(always, { recovery: ['continue'], retry: { maxAttempts: 1 } }).provider.requests).toHaveLength(1);
    expect(run(always, { recovery: ['continue'], maxRequests: 2 }).provider.requests).toHaveLength(2);
  });

  it('that is left while it waits asks no more, and leaves no timer', () => {
    const provider = fakeProvider([text('a'), broken], NEVER);
    const told = listen(createClient({ provider, recovery: ['continue'] }).stream(request));
    told.subscription.unsubscribe();
    vi.advanceTimersByTime(60_000);
    expect(provider.requests).toHaveLength(1);
    expect(timers()).toBe(0);
  });

  it('is retried in its new generation before that has content', async () => {
    const told = run([[text('a'), broken], failure('overloaded'), [text('b'), finish()]], { recovery: ['continue'] });
    expect(await textOf(told.values)).toBe('ab');
    expect(typesOf(told.values)).not.toContain('retry');
  });

  it('tells the lifecycle of its waits, and how it went on', () => {
    const client = createClient({
      provider: fakeProvider([text('a'), broken], failure('overloaded'), [text('b'), finish()]),
      recovery: ['continue'],
    });
    const moments: LifecycleEvent[] = [];
    client.lifecycle$.subscribe((moment) => moments.push(moment));
    listen(client.stream(request));
    vi.advanceTimersByTime(60_000);
    expect(moments.filter(({ type }) => type === 'recovery' || type === 'retry')).toMatchObject([
      { type: 'recovery', verb: 'continue', error: { category: 'interrupted' } },
      { type: 'retry', category: 'overloaded' },
    ]);
  });

  it('begins anew with another provider where this one cannot go on', async () => {
    const other = { ...fakeProvider<never>([text('new'), finish()]), name: 'other' };
    const attempts = [[text('old'), broken]];
    const told = run(attempts, {
      fallback: [{ provider: other, model: 'o', on: ['authentication', 'interrupted'], afterContent: true }],
    });
    expect(told.error).toBeUndefined();
    expect(await textOf(told.values)).toBe('new');
    expect(typesOf(told.values)).toContain('restart');
  });

  it('goes on with another provider where this one cannot, and says so', async () => {
    for (const first of [[[text('Hello '), broken], failure('authentication')], [[text('Hello '), failure('circuit-open')]]]) {
      const other = { ...fakeProvider<never>([text('there'), finish()]), name: 'other' };
      const on = ['authentication', 'circuit-open'] as const;
      const told = run(first, { recovery: ['continue'], fallback: [{ provider: other, model: 'o', on }] });
      expect(told.error).toBeUndefined();
      expect(await textOf(told.values)).toBe('Hello there');
      expect(typesOf(told.values)).toEqual(['start', 'text-delta', 'seam', 'text-delta', 'finish']);
      expect(told.values.find(({ type }) => type === 'seam')).toMatchObject({ provider: 'other', model: 'o' });
    }
  });

  it('raises what is void to who only wants text', () => {
    const provider = fakeProvider([text('old'), broken], [text('new'), finish()]);
    const told = listen(
      createClient({ provider, recovery: ['restart'] })
        .stream(request)
        .pipe(textDeltas()),
    );
    vi.advanceTimersByTime(60_000);
    expect(told.values).toEqual(['old']);
    expect(told.error).toMatchObject({ category: 'interrupted' });
  });
});

describe('a restart that verifies', () => {
  const verify = { recovery: [{ restart: { verify: true } }] } as const;
  it('passes over what is said again, and nothing shows', async () => {
    const told = run(
      [
        [text('Hello '), broken],
        [text('Hel'), text('lo th'), text('ere'), finish()],
      ],
      verify,
    );
    expect(typesOf(told.values)).toEqual(['start', 'text-delta', 'text-delta', 'text-delta', 'finish']);
    expect(await textOf(told.values)).toBe('Hello there');
  });

  it.each<[string, ProviderEvent[], string]>([
    ['another text', [text('Help'), text('!'), finish()], 'Help!'],
    ['an end before that of the text', [text('Hel'), finish()], 'Hel'],
    ['a call of a tool', [text('He'), toolCall('look', {}), text('y'), finish()], 'Hey'],
    ['nothing', [finish()], ''],
  ])('tells of %s', async (_what, second, whole) => {
    const told = run([[text('Hello'), broken], second], verify);
    expect(typesOf(told.values).filter((type) => type === 'restart')).toHaveLength(1);
    expect(await textOf(told.values)).toBe(whole);
  });
});

describe('an answer that is kept, and costs nothing to resume', () => {
  const keptAnswer = (attempts: readonly Attempt[], asked: (string | undefined)[], cursor?: string): Provider => {
    const provider = resuming(attempts, asked);
    if (cursor === undefined) return { ...provider, capabilities: { resume: true, resumesFreely: true }, defaults: { breaks: false } };
    const decoder: Provider['decoder'] = (head, from) => {
      const inner = provider.decoder(head, from);
      return { cursor, decode: (message) => inner.decode(message) };
    };
    return { ...provider, decoder, capabilities: { resume: true, resumesFreely: true }, defaults: { breaks: false } };
  };
  const many = 200;
  const endless = (...events: ProviderEvent[]): Attempt[] => Array.from({ length: many }, () => [...events, broken]);

  it('is resumed for as long as content comes, and tells the latest failures', async () => {
    const asked: (string | undefined)[] = [];
    const attempts = [...endless(text('abcd')), failure('authentication')];
    const told = run([], { provider: keptAnswer(attempts, asked), maxRequests: 3, retry: { maxAttempts: 2, initialDelay: 1 } });
    expect(asked).toHaveLength(many);
    expect(told.error?.partial?.text).toBe('abcd'.repeat(many));
    expect(told.error?.attempts.length).toBeLessThan(40);
    expect(told.error?.attempts.at(-1)?.attempt).toBe(many + 1);
    expect(told.error?.partial?.usageOverAllAttempts?.outputTokens).toBe(many);
  });

  it.each<[string, ProviderEvent[], string | undefined]>([
    ['what is no content', [{ type: 'usage', usage }], undefined],
    ['content at the place where it was', [text('b')], 'same'],
  ])('is given up as any other where every connection tells %s', (_what, events, cursor) => {
    const asked: (string | undefined)[] = [];
    const provider = keptAnswer([[text('a'), broken], ...endless(...events)], asked, cursor);
    const told = run([], { provider, retry: { maxAttempts: 4, initialDelay: 1 } });
    expect(told.error).toMatchObject({ gaveUp: 'attempts' });
    expect(asked.length).toBeLessThan(6);
  });
});

describe('a checkpoint', () => {
  const kept = (attempts: readonly Attempt[], config: Partial<ClientConfig> = {}): Checkpoint => {
    const { error } = run(attempts, config);
    return JSON.parse(JSON.stringify((error as ProviderError).checkpoint)) as Checkpoint;
  };

  it('goes on from where it was: what it holds comes first, then what follows', async () => {
    const from = kept([[text('Hello '), broken]]);
    const told = run([[text('there'), finish()]], { recovery: ['continue'] }, { from });
    expect(typesOf(told.values)).toEqual(['start', 'snapshot', 'seam', 'text-delta', 'finish']);
    expect(await textOf(told.values)).toBe('Hello there');
    const shown = await lastValueFrom(of(...told.values).pipe(textDeltas(), toArray()));
    expect(shown.join('')).toBe('Hello there');
  });

  it('resumes in another process', async () => {
    const from = kept([], { provider: resuming([[text('Hel'), broken]]), retry: { maxAttempts: 1 } });
    expect(from.cursor).toBe('1');
    const asked: (string | undefined)[] = [];
    const told = run([], { provider: resuming([[text('lo'), finish()]], asked) }, { from });
    expect(asked).toEqual(['1']);
    expect(await textOf(told.values)).toBe('Hello');
  });

  it('that can only be begun anew begins with nothing', async () => {
    const from = kept([[text('old'), broken]]);
    const told = run([[text('new'), finish()]], { recovery: ['restart'] }, { from });
    expect(typesOf(told.values)).toEqual(['start', 'text-delta', 'finish']);
    expect(await textOf(told.values)).toBe('new');
  });

  it('with which nothing can be done is invalid-request, and nobody is asked', () => {
    const from = kept([[text('old'), broken]]);
    const told = run([[text('new'), finish()]], {}, { from });
    expect(told.error).toMatchObject({ category: 'invalid-request', phase: expect.any(String) });
    expect(told.provider.requests).toHaveLength(0);
  });

  it('of another request is invalid-request', () => {
    const from = kept([[text('old'), broken]]);
    const provider = fakeProvider([text('new'), finish()]);
    const other = { ...request, messages: [{ role: 'user', content: 'Something else' }] } as const;
    const told = listen(createClient({ provider, recovery: ['restart'] }).stream(other, { from }));
    expect(told.error).toMatchObject({ category: 'invalid-request' });
    expect(String((told.error as ProviderError).message)).toContain('another request');
  });

  it('keeps its partial when going on fails again', () => {
    const from = kept([[text('Hello '), broken]]);
    const told = run([[text('there'), broken]], { recovery: ['continue'], retry: { maxAttempts: 1 } }, { from });
    expect(isProviderError(told.error)).toBe(true);
    expect(told.error?.partial?.text).toBe('Hello there');
  });

  it.each<[string, unknown]>([
    ['from.version', { version: 2 }],
    ['from', 7],
    ['from.result', { version: 1, requestId: 'r', fingerprint: 'f', provider: 'p', model: 'm', attempts: 1 }],
  ])('that is none throws a TypeError that names %s', (field, from) => {
    const client = createClient({ provider: fakeProvider() });
    expect(() => client.stream(request, { from: from as Checkpoint })).toThrow(TypeError);
    expect(() => client.stream(request, { from: from as Checkpoint })).toThrow(field);
  });

  it.each<[string, unknown]>([
    ['from.result.messages.0.content', { messages: [{ role: 'assistant' }] }],
    ['from.result.messages.0.content.0', { messages: [{ role: 'assistant', content: [null] }] }],
    ['from.result.messages.0.content.0.type', { messages: [{ role: 'assistant', content: [{ text: 'a' }] }] }],
    ['from.result.messages.0.content.0.text', { messages: [{ role: 'assistant', content: [{ type: 'text' }] }] }],
    ['from.result.toolCalls.0', { toolCalls: [null] }],
    ['from.result.truncated', { truncated: 'yes' }],
  ])('whose answer is none throws a TypeError that names %s', (field, bad) => {
    const from = kept([[text('Hel'), broken]]);
    const client = createClient({ provider: fakeProvider() });
    const take = () => client.stream(request, { from: { ...from, result: { ...from.result, ...(bad as object) } } });
    expect(take).toThrow(TypeError);
    expect(take).toThrow(`stream: ${field} `);
  });

  it('of a target to fall back on is resumed there, and those behind it are left to fall back on', async () => {
    const named = (provider: Provider, name: string): Provider => ({ ...provider, name });
    const targets = (first: Attempt[], second: Attempt[], third: Attempt[], asked?: (string | undefined)[]): Partial<ClientConfig> => ({
      provider: named(resuming(first), 'first'),
      retry: { maxAttempts: 1 },
      fallback: [
        { provider: named(resuming(second, asked), 'second'), model: 's' },
        { provider: named(resuming(third), 'third'), model: 't' },
      ],
    });
    const from = kept([], { ...targets([failure('overloaded')], [[text('Hel'), broken]], []), recovery: [] });
    expect(from).toMatchObject({ provider: 'second', model: 's', cursor: '1' });
    const asked: (string | undefined)[] = [];
    const told = run([], targets([[text('WRONG'), finish()]], [[text('lo'), finish()]], [], asked), { from });
    expect(asked).toEqual(['1']);
    expect(await textOf(told.values)).toBe('Hello');
    const config = targets([[text('WRONG'), finish()]], [failure('overloaded')], [[text('lo'), finish()]]);
    const later = run([], config, { from, recovery: ['resume', 'continue'] });
    expect(later.values.find(({ type }) => type === 'seam')).toMatchObject({ provider: 'third', model: 't' });
    expect(await textOf(later.values)).toBe('Hello');
    const anew = run([], targets([[text('lo'), finish()]], [], []), { from, recovery: ['continue'] });
    expect(anew.values.find(({ type }) => type === 'seam')).toMatchObject({ provider: 'first', model: 'm' });
  });

  const halfCall: ProviderEvent = { type: 'tool-input-delta', toolCallId: 'c', delta: '{"a":' };

  it('of an answer that ends in half a call is not continued, and says why', () => {
    const from = kept([[text('A'), halfCall, broken]]);
    expect(from.endsInText).toBe(false);
    const told = run([[text('B'), finish()]], {}, { from, recovery: ['continue'] });
    expect(told.error).toMatchObject({ category: 'invalid-request' });
    expect(told.provider.requests).toHaveLength(0);
    expect(kept([[text('A'), broken]]).endsInText).toBe(true);
  });

  it('of before checkpoints told how they end is continued where it ends in text', async () => {
    const { endsInText: _told, ...from } = kept([[text('A'), broken]]);
    expect(await textOf(run([[text('B'), finish()]], {}, { from, recovery: ['continue'] }).values)).toBe('AB');
    const { endsInText: _toldToo, ...thinking } = kept([[text('A'), reasoning('Hm'), broken]]);
    expect(run([[text('B'), finish()]], {}, { from: thinking, recovery: ['continue'] }).error?.category).toBe('invalid-request');
  });

  it('of half a call that is resumed, and breaks again, is not continued either', () => {
    const from = kept([], { provider: resuming([[text('A'), halfCall, broken]]), retry: { maxAttempts: 1 } });
    const again = run([], { provider: resuming([[{ ...halfCall, delta: '1' }, broken]]), retry: { maxAttempts: 1 } }, { from });
    expect(again.error?.checkpoint?.endsInText).toBe(false);
    const silent = run([], { provider: resuming([[{ type: 'usage', usage } as ProviderEvent, text(''), broken]]) }, { from });
    expect(silent.error?.checkpoint?.endsInText).toBe(false);
  });

  it('is there of half a call alone where it can be resumed, and only there', async () => {
    const from = kept([], { provider: resuming([[halfCall, broken]]), retry: { maxAttempts: 1 } });
    expect(from).toMatchObject({ cursor: '1', endsInText: false, result: { text: '', toolCalls: [] } });
    const asked: (string | undefined)[] = [];
    const told = run([], { provider: resuming([[toolCall('look', { a: 1 }), finish()]], asked) }, { from });
    expect(asked).toEqual(['1']);
    expect(told.values.filter(({ type }) => type === 'tool-call')).toHaveLength(1);
    expect(run([[halfCall, broken]]).error?.checkpoint).toBeUndefined();
  });

  it('can be made of what a stream tells while it runs: its place, its request and how it ends', () => {
    let position: (() => StreamPosition) | undefined;
    const options: StreamOptions = { follow: (told) => (position = told) };
    const attempt = concat(of(text('A')), of(halfCall), NEVER);
    const told = listen(createClient({ provider: fakeProvider<never>(attempt) }).stream(request, options));
    const { fingerprint } = kept([[text('A'), broken]]);
    expect(position?.()).toEqual({ provider: 'fake', model: 'm', attempts: 1, fingerprint, endsInText: false });
    told.subscription.unsubscribe();
  });

  it('keeps what goes back to the provider', () => {
    const part: Part = { type: 'reasoning', text: 'Hm', providerMetadata: { fake: { signature: 's' } } };
    const thought: ProviderEvent = { type: 'reasoning-delta', id: 'r', text: 'Hm', providerMetadata: { fake: { signature: 's' } } };
    const from = kept([concat(of(thought, text('a')), of(broken))]);
    expect(from.result.messages).toEqual([{ role: 'assistant', content: [part, { type: 'text', text: 'a' }] }]);
  });
});
