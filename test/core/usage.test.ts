import { describe, expect, it } from 'vitest';
import { addUsage, estimateInputTokens, estimateTokens, estimateUsage, type Message, type Usage, usageCost } from '../../src/index.ts';
import { AttemptUsage } from '../../src/policies/attempt-usage.ts';

const usage = (inputTokens: number, outputTokens: number, more: Partial<Usage> = {}): Usage => ({
  inputTokens,
  outputTokens,
  totalTokens: inputTokens + outputTokens,
  estimated: false,
  ...more,
});

describe('an estimate of tokens', () => {
  it.each([
    ['', 0],
    ['test', 1],
    ['testing', 2],
    ['a'.repeat(100), 25],
    ['a'.repeat(40), 10],
    ['   ', 1],
    ['\n\n', 1],
  ])('is a quarter of the characters, rounded: %j (usg-02)', (text, tokens) => {
    expect(estimateTokens(text)).toBe(tokens);
  });

  it('counts an emoji as one character (usg-02)', () => {
    expect(estimateTokens('🚀🚀🚀🚀🚀🚀🚀🚀')).toBe(2);
    expect(estimateTokens('\ud83d\ud83d\ud83d\ud83d')).toBe(1);
  });

  it('takes the ratio of a provider (usg-01)', () => {
    expect(estimateTokens('a'.repeat(42), { charactersPerToken: 4.2 })).toBe(10);
    expect(estimateTokens('a'.repeat(35), { charactersPerToken: 3.5 })).toBe(10);
  });

  it('of 16,000 characters is 4,000 (usg-13)', () => {
    expect(estimateTokens('lorem ipsum dolo'.repeat(1_000))).toBe(4_000);
  });

  it('of messages counts their roles, and 4 for each (usg-03)', () => {
    const messages: Message[] = [
      { role: 'system', content: 'You are helpful' },
      { role: 'user', content: 'Hello' },
    ];
    expect(estimateInputTokens(messages)).toBe(17);
    expect(estimateInputTokens([{ role: 'user', content: 'Hi' }])).toBe(estimateTokens('user: Hi') + 4);
    expect(estimateInputTokens([])).toBe(0);
  });

  it('of messages with parts counts their texts and calls, and no image', () => {
    const image = { type: 'image', data: 'A'.repeat(4_000), mediaType: 'image/png' } as const;
    const told: Message = { role: 'user', content: [{ type: 'text', text: 'Hello' }, image] };
    expect(estimateInputTokens([told])).toBe(estimateInputTokens([{ role: 'user', content: 'Hello' }]));
    const call = { type: 'tool-call', toolCallId: 'c', toolName: 'look', input: { q: 'a'.repeat(400) } } as const;
    expect(estimateInputTokens([{ role: 'assistant', content: [call] }])).toBeGreaterThan(100);
  });

  it('is marked as one (usg-05)', () => {
    expect(estimateUsage('Test prompt', 'Test response')).toEqual({ inputTokens: 3, outputTokens: 3, totalTokens: 6, estimated: true });
  });

  it('is what a tokenizer counts, if there is one that can', () => {
    expect(estimateTokens('a b c', { countTokens: (text) => text.split(' ').length })).toBe(3);
    expect(estimateTokens('testing', { countTokens: () => Number.NaN })).toBe(2);
  });
});

describe('the usage of an attempt', () => {
  const nobody = { others: () => [], answer: () => '' };
  const attempt = (config = {}) => new AttemptUsage({ model: 'm', messages: [{ role: 'user', content: 'Hi' }] }, config, nobody);

  it('counts a growing answer as it would the whole (usg-04)', () => {
    const [piecewise, whole] = [attempt(), attempt()];
    for (const each of [piecewise, whole]) each.begin();
    const told: (number | undefined)[] = [];
    for (const piece of ['Hello ', 'world!']) {
      piecewise.write(piece.length);
      told.push(piecewise.read()?.outputTokens);
    }
    whole.write('Hello world!'.length);
    expect(told).toEqual([2, 3]);
    expect(piecewise.read()).toEqual(whole.read());
  });

  it('estimates nothing where the provider tells it (usg-12)', () => {
    const countTokens = () => {
      throw new Error('asked for an estimate');
    };
    const counted = attempt({ countTokens });
    counted.begin();
    counted.write(100);
    expect(counted.settle(usage(3, 4))).toEqual({ usage: usage(3, 4) });
  });
});

describe('the sum of usages', () => {
  it('adds each count, and those that only some have', () => {
    expect(
      addUsage(usage(50, 1, { estimated: true }), usage(50, 7, { cachedInputTokens: 5 }), usage(1, 1, { reasoningTokens: 1 })),
    ).toEqual({
      inputTokens: 101,
      outputTokens: 9,
      totalTokens: 110,
      cachedInputTokens: 5,
      reasoningTokens: 1,
      estimated: true,
    });
  });
});

describe('the cost of a usage', () => {
  it('is by the price of a million, with the prices of the cache', () => {
    const price = { input: 3, output: 15, cachedInput: 0.3, cacheWrite: 3.75 };
    expect(usageCost(usage(1_000_000, 0), price)).toBe(3);
    expect(usageCost(usage(0, 1_000_000), price)).toBe(15);
    const cached = usage(3_000_000, 0, { cachedInputTokens: 1_000_000, cacheWriteTokens: 1_000_000 });
    expect(usageCost(cached, price)).toBeCloseTo(3 + 0.3 + 3.75);
  });

  it('takes cached tokens for plain ones where the price does not tell them apart', () => {
    expect(usageCost(usage(2_000_000, 0, { cachedInputTokens: 1_000_000 }), { input: 1, output: 1 })).toBe(2);
  });
});
