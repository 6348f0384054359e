import { from, lastValueFrom, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { anthropic, decode, fromAsyncIterable, openai, result, textDeltas } from '../../src/index.ts';

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

  it('that report an error raise it', async () => {
    const failing = from([chunks[1], { error: { message: 'busy', type: 'overloaded_error' } }]).pipe(decode(openai()), toArray());
    await expect(lastValueFrom(failing)).rejects.toMatchObject({ name: 'ErrorResponse' });
  });
});
