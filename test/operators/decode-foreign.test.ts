import { concat, from, lastValueFrom, type Observable, of, throwError, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  anthropic,
  decode,
  describeErrorBy,
  fromAsyncIterable,
  isProviderError,
  openai,
  type Provider,
  ProviderError,
  result,
  type StreamEvent,
  textDeltas,
} from '../../src/index.ts';
import { listen } from './helpers.ts';

const chunk = (delta: object, more: object = {}) => ({
  id: 'cc-9',
  object: 'chat.completion.chunk',
  created: 1,
  model: 'm-1',
  choices: [{ index: 0, delta, finish_reason: null, ...more }],
});

describe('the chunks of an official SDK', () => {
  const chunks = [
    chunk({ role: 'assistant', content: '' }),
    chunk({ content: 'Hel' }),
    chunk({ content: 'lo' }),
    chunk({}, { finish_reason: 'stop' }),
  ];

  it('become events, with one start and one finish', async () => {
    async function* sdk() {
      yield* chunks;
    }
    const events = await lastValueFrom(fromAsyncIterable(() => sdk()).pipe(decode(openai()), toArray()));
    expect(events.map(({ type }) => type)).toEqual(['start', 'text-delta', 'text-delta', 'finish']);
    expect(events[0]).toMatchObject({ provider: 'openai', model: 'm-1', attempt: 1, requestId: expect.stringMatching(/^req_/) });
  });

  it('pass through every projection', async () => {
    const text = await lastValueFrom(from(chunks).pipe(decode(openai()), textDeltas(), toArray()));
    expect(text.join('')).toBe('Hello');
    const whole = await lastValueFrom(from(chunks).pipe(decode(openai()), result()));
    expect(whole).toMatchObject({ text: 'Hello', finishReason: 'stop' });
  });

  it('that end without their finish are interrupted', async () => {
    const cut = lastValueFrom(from(chunks.slice(0, 3)).pipe(decode(openai()), toArray()));
    await expect(cut).rejects.toMatchObject({ category: 'interrupted' });
  });

  it('of Anthropic, with the last of its events', async () => {
    const events = [
      { type: 'message_start', message: { id: 'm', model: 'a-1', content: [], usage: { input_tokens: 3, output_tokens: 1 } } },
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hi' } },
      { type: 'content_block_stop', index: 0 },
      { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 2 } },
      { type: 'message_stop' },
    ];
    const decoded = await lastValueFrom(from(events).pipe(decode(anthropic()), toArray()));
    expect(decoded[0]).toMatchObject({ type: 'start', model: 'a-1' });
    expect(await lastValueFrom(from(events).pipe(decode(anthropic()), result()))).toMatchObject({
      text: 'Hi',
      finishReason: 'stop',
      usage: { inputTokens: 3, outputTokens: 2, estimated: false },
    });
  });

  const failureOf = (source: Observable<unknown>, provider: Provider = openai(), context = {}) =>
    lastValueFrom(source.pipe(decode(provider, context), toArray())).then(
      () => undefined,
      (error: ProviderError) => error,
    );

  it('that report an error raise it as a ProviderError, in the words of their provider', async () => {
    const error = await failureOf(from([chunks[1], { error: { message: 'x', code: 'rate_limit_exceeded' } }]));
    expect(isProviderError(error)).toBe(true);
    expect(error).toMatchObject({
      category: 'rate-limit',
      code: 'rate_limit_exceeded',
      provider: 'openai',
      phase: 'streaming',
      attempt: 1,
    });
    expect(error?.requestId).toMatch(/^req_/);
    const own: Provider = { ...openai(), name: 'acme', describeError: describeErrorBy({ codes: { 'quota-exhausted': 'no_credit' } }) };
    const context = { requestId: 'mine', attempt: 2, model: 'm-2' };
    const ofAcme = await failureOf(from([{ error: { code: 'no_credit' } }]), own, context);
    expect(ofAcme).toMatchObject({ category: 'quota-exhausted', provider: 'acme', phase: 'first-content', ...context });
  });

  it('whose source fails raise a ProviderError: that of an SDK, of a network, one that is one already', async () => {
    const sdk = Object.assign(new Error('429 slow down'), {
      status: 429,
      headers: { 'retry-after': '3' },
      error: { code: 'rate_limit_exceeded' },
    });
    const ofSdk = await failureOf(throwError(() => sdk));
    expect(isProviderError(ofSdk)).toBe(true);
    expect(ofSdk).toMatchObject({ category: 'rate-limit', status: 429, retryAfterMs: 3_000, phase: 'connect', cause: sdk });
    const lost = await failureOf(
      concat(
        of(chunks[1]),
        throwError(() => Object.assign(new Error('gone'), { code: 'ECONNRESET' })),
      ),
    );
    expect(lost).toMatchObject({ category: 'network', phase: 'streaming', provider: 'openai' });
    const ours = new ProviderError({ category: 'cancelled', requestId: 'its-own' });
    expect(await failureOf(throwError(() => ours))).toBe(ours);
    expect(ours).toMatchObject({ requestId: 'its-own', provider: 'openai' });
  });

  it.each([null, undefined])('one of which is %s are a fault of the protocol, before the end alone', async (chunk) => {
    expect(await failureOf(of(chunk))).toMatchObject({ category: 'protocol', provider: 'openai' });
    const error = await failureOf(from([chunks[1], chunk]));
    expect(isProviderError(error)).toBe(true);
    expect(error).toMatchObject({ category: 'protocol', phase: 'streaming' });
    const end = [
      { type: 'message_start', message: {} },
      { type: 'message_delta', delta: { stop_reason: 'end_turn' } },
      { type: 'message_stop' },
    ];
    expect(await failureOf(from([...end, chunk]), anthropic())).toBeUndefined();
  });

  it('leave each subscription an id of its own', () => {
    const events$ = from(chunks).pipe(decode(openai()));
    const idOf = () => (listen(events$).values[0] as Extract<StreamEvent, { type: 'start' }>).requestId;
    expect(idOf()).not.toBe(idOf());
  });
});
