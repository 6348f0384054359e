import { describe, expect, it } from 'vitest';
import type { EventLike, StreamEvent } from '../../src/core/event.ts';
import { ProviderError } from '../../src/core/provider-error.ts';
import { noUsage, ResultBuilder } from '../../src/core/result-builder.ts';
import { BoundedText } from '../../src/policies/bounded-text.ts';

const text = (value: string): StreamEvent => ({ type: 'text-delta', id: 't', text: value });
const call = { toolCallId: 'c', toolName: 'look', input: { q: 1 } };
const usage = { inputTokens: 3, outputTokens: 4, totalTokens: 7, estimated: false };
const restart: StreamEvent = {
  type: 'restart',
  requestId: 'r',
  error: new ProviderError({ category: 'network' }),
  attempt: 2,
  provider: 'p',
  model: 'm',
};
const built = (...events: EventLike[]) => {
  const builder = new ResultBuilder();
  for (const event of events) builder.add(event);
  return builder.snapshot();
};

describe('a result', () => {
  it('is empty at first', () => {
    expect(new ResultBuilder().isEmpty).toBe(true);
    expect(built()).toEqual({ text: '', reasoning: '', toolCalls: [], messages: [], usage: noUsage, finishReason: undefined });
  });

  it('is what the deltas say, in order', () => {
    const result = built({ type: 'reasoning-delta', id: 'r', text: 'Hm' } as StreamEvent, text('Hel'), text('lo'), {
      type: 'finish',
      requestId: 'r',
      finishReason: 'stop',
      rawFinishReason: 'stop',
      usage,
    } as StreamEvent);
    expect(result).toEqual({
      text: 'Hello',
      reasoning: 'Hm',
      toolCalls: [],
      messages: [
        {
          role: 'assistant',
          content: [
            { type: 'reasoning', text: 'Hm' },
            { type: 'text', text: 'Hello' },
          ],
        },
      ],
      usage,
      finishReason: 'stop',
    });
  });

  it('holds tool calls and their results as messages to go on with', () => {
    const result = built(
      text('Wait.'),
      { type: 'tool-call', ...call } as StreamEvent,
      { type: 'tool-result', toolCallId: 'c', toolName: 'look', output: 5 } as StreamEvent,
    );
    expect(result.toolCalls).toEqual([call]);
    expect(result.messages).toEqual([
      {
        role: 'assistant',
        content: [
          { type: 'text', text: 'Wait.' },
          { type: 'tool-call', ...call },
        ],
      },
      { role: 'tool', content: [{ type: 'tool-result', toolCallId: 'c', toolName: 'look', output: 5 }] },
    ]);
    expect(built({ type: 'tool-call', ...call } as StreamEvent).messages).toEqual([
      { role: 'assistant', content: [{ type: 'tool-call', ...call }] },
    ]);
  });

  it('says a refusal apart, and as the message', () => {
    const result = built({ type: 'refusal-delta', id: 'r', text: 'No.' } as StreamEvent);
    expect(result).toMatchObject({ text: '', refusal: 'No.', messages: [{ role: 'assistant', content: 'No.' }] });
  });

  it('forgets everything at a restart', () => {
    const result = built(
      text('old'),
      { type: 'tool-call', ...call } as StreamEvent,
      { type: 'usage', usage } as StreamEvent,
      restart,
      text('new'),
    );
    expect(result).toMatchObject({ text: 'new', toolCalls: [], usage: noUsage, messages: [{ role: 'assistant', content: 'new' }] });
  });

  it('is empty again after a restart', () => {
    const builder = new ResultBuilder();
    builder.add(text('old'));
    expect(builder.isEmpty).toBe(false);
    builder.add(restart);
    expect(builder.isEmpty).toBe(true);
  });

  it('is what a snapshot says, and goes on from there', () => {
    const before = built(
      text('Hel'),
      { type: 'tool-call', ...call } as StreamEvent,
      { type: 'refusal-delta', id: 'r', text: 'No.' } as StreamEvent,
    );
    const after = built(text('void'), { type: 'snapshot', result: before } as StreamEvent, text('lo'));
    expect(after).toMatchObject({ text: 'Hello', toolCalls: [call], refusal: 'No.' });
  });

  it('keeps the results of tools that a snapshot holds', () => {
    const before = built(
      { type: 'tool-call', ...call } as StreamEvent,
      { type: 'tool-result', toolCallId: 'c', toolName: 'look', output: 5 } as StreamEvent,
    );
    expect(built({ type: 'snapshot', result: before } as StreamEvent).messages).toEqual(before.messages);
  });

  it('does not change once it was given away', () => {
    const builder = new ResultBuilder();
    builder.add({ type: 'tool-call', ...call } as StreamEvent);
    builder.add(text('a'));
    const early = builder.snapshot();
    const copy = structuredClone(early);
    builder.add({ type: 'tool-call', ...call } as StreamEvent);
    builder.add(text('b'));
    expect(early).toEqual(copy);
  });

  it('is not changed by events that are not ours, and says so', () => {
    const builder = new ResultBuilder();
    expect(builder.add({ type: 'delta' })).toBe(false);
    expect(builder.add({ type: 'start' })).toBe(false);
    expect(builder.add(text('a'))).toBe(true);
  });

  it('says when the beginning had to go: of text, of reasoning, of a refusal', () => {
    for (const type of ['text-delta', 'reasoning-delta', 'refusal-delta']) {
      const builder = new ResultBuilder(() => new BoundedText(10_000));
      for (let each = 0; each < 3; each++) builder.add({ type, id: 'x', text: 'x'.repeat(6_000) } as StreamEvent);
      expect(builder.snapshot().truncated, type).toBe(true);
    }
    expect(built(text('short'))).not.toHaveProperty('truncated');
  });

  it('keeps in messages what goes back to the provider, in the order in which it came', () => {
    const signature = { anthropic: { signature: 's' } };
    const item = { type: 'redacted_thinking', data: 'x' };
    const events = [
      { type: 'reasoning-delta', id: 'r0', text: 'Hm' },
      { type: 'reasoning-delta', id: 'r0', text: '', providerMetadata: signature },
      { type: 'provider-item', format: 'anthropic', item },
      text('Wait'),
      text('.'),
      { type: 'tool-call', ...call, providerMetadata: { gemini: { thoughtSignature: 't' } } },
      { type: 'tool-result', toolCallId: 'c', toolName: 'look', output: 'no', isError: true },
      { type: 'reasoning-delta', id: 'r0', text: 'So' },
      text('Five'),
    ] as StreamEvent[];
    const result = built(...events);
    expect(result.messages).toEqual([
      {
        role: 'assistant',
        content: [
          { type: 'reasoning', text: 'Hm', providerMetadata: signature },
          { type: 'provider-item', format: 'anthropic', item },
          { type: 'text', text: 'Wait.' },
          { type: 'tool-call', ...call, providerMetadata: { gemini: { thoughtSignature: 't' } } },
        ],
      },
      { role: 'tool', content: [{ type: 'tool-result', toolCallId: 'c', toolName: 'look', output: 'no', isError: true }] },
      {
        role: 'assistant',
        content: [
          { type: 'reasoning', text: 'So' },
          { type: 'text', text: 'Five' },
        ],
      },
    ]);
    expect(built({ type: 'snapshot', result } as StreamEvent).messages).toEqual(result.messages);
  });

  it('keeps the messages that others said in between, and restores all of them', () => {
    const message = { role: 'user', content: 'And Paris?' } as const;
    const result = built(text('Rome: clear.'), { type: 'message', message } as StreamEvent, text('Paris: rain.'));
    expect(result.messages).toEqual([
      { role: 'assistant', content: 'Rome: clear.' },
      message,
      { role: 'assistant', content: 'Paris: rain.' },
    ]);
    const restored = built({ type: 'snapshot', result } as StreamEvent);
    expect(restored.text).toBe('Rome: clear.Paris: rain.');
    expect(restored.messages).toEqual(result.messages);
  });

  it('is not changed by what comes after it, also where its messages are read late', () => {
    const builder = new ResultBuilder();
    builder.add(text('one'));
    const early = builder.snapshot();
    builder.add({ type: 'reasoning-delta', id: 'r', text: 'Hm' } as StreamEvent);
    builder.add(text(' two'));
    expect(early.messages).toEqual([{ role: 'assistant', content: 'one' }]);
    expect(builder.snapshot().messages).toEqual([
      {
        role: 'assistant',
        content: [
          { type: 'text', text: 'one' },
          { type: 'reasoning', text: 'Hm' },
          { type: 'text', text: ' two' },
        ],
      },
    ]);
  });

  it('has messages that a text whose beginning is gone is cut to', () => {
    const builder = new ResultBuilder(() => new BoundedText(4));
    builder.add({ type: 'text-delta', id: 'a', text: 'abcdef', providerMetadata: { p: { n: 1 } } } as StreamEvent);
    builder.add({ type: 'text-delta', id: 'b', text: 'gh' } as StreamEvent);
    const { text: kept, messages } = builder.snapshot();
    const content = messages[0]?.content;
    const joined = Array.isArray(content) ? content.map((part) => part.text).join('') : content;
    expect(joined).toBe(kept);
  });

  it('with a delta of metadata alone has no content yet', () => {
    const builder = new ResultBuilder();
    builder.add({ type: 'text-delta', id: 'a', text: '', providerMetadata: { p: { n: 1 } } } as StreamEvent);
    expect(builder.isEmpty).toBe(true);
  });
});
