import { describe, expect, it, test } from 'vitest';
import { anthropic } from '../../src/providers/anthropic.ts';
import { openai } from '../../src/providers/openai.ts';
import { chunk, classified, decodeAll, done, fromSse, head, message, stop } from './decoding.ts';

// Public bug reports of people who stream answers; the id of each is in parentheses.
const chat = (...messages: Parameters<typeof decodeAll>[1][number][]) => decodeAll(openai().decoder(head()), messages);
const messages = (...events: string[]) => decodeAll(anthropic().decoder(head()), fromSse(events));

const messageStart =
  'event: message_start\ndata: {"type":"message_start","message":{"id":"msg_q1","type":"message","role":"assistant","model":"a-1","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":11,"output_tokens":1}}}\n\n';
const delta = (part: object) =>
  `event: content_block_delta\ndata: ${JSON.stringify({ type: 'content_block_delta', index: 0, delta: part })}\n\n`;
const blockStop = 'event: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\n';
const messageDelta = (reason: string) =>
  `event: message_delta\ndata: ${JSON.stringify({ type: 'message_delta', delta: { stop_reason: reason, stop_sequence: null }, usage: { output_tokens: 6 } })}\n\n`;
const messageStop = 'event: message_stop\ndata: {"type":"message_stop"}\n\n';

describe('Anthropic’s format', () => {
  it('a last event that repeats the whole answer is not delivered (final-full-message-event)', () => {
    const decoded = messages(
      messageStart,
      'event: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}\n\n',
      delta({ type: 'text_delta', text: 'Kettle ' }),
      delta({ type: 'text_delta', text: 'is on' }),
      'data: {"type":"message","role":"assistant","content":[{"type":"text","text":"Kettle is on"}]}\n\n',
      blockStop,
      messageDelta('end_turn'),
      messageStop,
    );
    expect(decoded).toMatchObject({ text: 'Kettle is on', error: undefined, finish: { finishReason: 'stop' } });
  });

  it('tool input that lost its head is an error, never {} and never repaired (headless-partial-json)', () => {
    const decoded = messages(
      messageStart,
      'event: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"tu_2","name":"forecast","input":{}}}\n\n',
      ...['city', '":', ' "Os', 'lo"}'].map((json) => delta({ type: 'input_json_delta', partial_json: json })),
      blockStop,
      messageDelta('tool_use'),
      messageStop,
    );
    expect(decoded).toMatchObject({ toolCalls: [], finish: undefined });
    expect(classified(anthropic(), decoded.error).category).toBe('protocol');
  });

  it('the usage of an attempt that fails is told before it does, and no content (usage-of-the-failed-attempt)', () => {
    const decoded = messages(messageStart, 'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"busy"}}\n\n');
    expect(decoded.events).toMatchObject([{ type: 'usage', usage: { inputTokens: 11, outputTokens: 1 } }]);
    expect(classified(anthropic(), decoded.error)).toMatchObject({ category: 'overloaded', retryable: true });
  });
});

describe('chat completions', () => {
  it('a number is its text, [DONE] ends and not the first finish reason, the last usage holds (number-content-many-finishes)', () => {
    const usage = (completion: number) => ({ usage: { prompt_tokens: 9, completion_tokens: completion, total_tokens: 9 + completion } });
    const finish = { finish_reason: 'stop' };
    const decoded = chat(
      chunk({ role: 'assistant', content: 'count =' }),
      chunk({ content: ' ' }),
      chunk({ content: '' }, finish, usage(3)),
      chunk({ content: 7 }),
      chunk({}, finish, usage(4)),
      chunk({}, finish, usage(5)),
      done,
      done,
    );
    expect(decoded).toMatchObject({ text: 'count = 7', finish: { finishReason: 'stop', usage: { inputTokens: 9, outputTokens: 5 } } });
    expect(decoded.events.filter(({ type }) => type === 'finish')).toHaveLength(1);
    expect(decoded.events.filter(({ type }) => type === 'usage')).toHaveLength(1);
  });

  it('a payload that begins with a colon is a comment (comment-turned-into-data)', () => {
    const comment = message(': OPENROUTER PROCESSING');
    const decoded = chat(
      comment,
      comment,
      chunk({ role: 'assistant', content: 'Nine ' }),
      comment,
      chunk({ content: 'lamps' }),
      stop(),
      done,
    );
    expect(decoded).toMatchObject({ text: 'Nine lamps', error: undefined, finish: { finishReason: 'stop' } });
  });

  it('a prompt that is too long, told in a 200, is context-length and not tried again (context-overflow-in-200)', () => {
    const error = {
      code: 400,
      message: 'request of 9001 tokens does not fit into 4096',
      type: 'exceed_context_size_error',
      n_prompt_tokens: 9001,
    };
    const decoded = chat(message({ error }), done);
    expect(decoded.events).toEqual([]);
    expect(classified(openai(), decoded.error)).toMatchObject({ category: 'context-length', retryable: false });
  });

  test.each([
    {
      name: 'continuation',
      chunks: [
        chunk({ tool_calls: [{ index: 0, id: 'Kp3xW9aQ1', function: { name: 'look', arguments: '' } }] }),
        chunk({ tool_calls: [{ index: 0, id: 'null', function: { name: '', arguments: '{"q":' } }] }),
        chunk({ tool_calls: [{ index: 0, id: 'null', function: { name: '', arguments: '"a"}' } }] }),
      ],
      calls: [{ id: 'Kp3xW9aQ1', name: 'look', input: { q: 'a' } }],
    },
    {
      name: 'no real id at all',
      chunks: [
        chunk({
          tool_calls: [
            { index: 0, id: 'null', function: { name: 'look', arguments: '{"q":"a"}' } },
            { index: 1, id: 'null', function: { name: 'look', arguments: '{"q":"b"}' } },
          ],
        }),
      ],
      calls: [
        { name: 'look', input: { q: 'a' } },
        { name: 'look', input: { q: 'b' } },
      ],
    },
  ])('the id "null" is no id: $name (literal-null-ids)', ({ chunks, calls }) => {
    const decoded = chat(
      chunk({ role: 'assistant', content: '' }),
      ...chunks,
      chunk({ content: '' }, { finish_reason: 'tool_calls' }),
      done,
    );
    expect(decoded).toMatchObject({ toolCalls: calls, error: undefined, finish: { finishReason: 'tool-calls' } });
    const ids = decoded.toolCalls.map(({ id }) => id);
    expect(new Set(ids).size).toBe(calls.length);
    expect(ids).not.toContain('null');
    expect(ids).not.toContain('');
  });

  it('reasoning in tags and in a member of its own is delivered once (reasoning-in-two-channels)', () => {
    const decoded = chat(
      chunk({ role: 'assistant', content: '<think>Weigh', reasoning_content: 'Weigh' }),
      chunk({ content: ' both.</think>Take', reasoning_content: ' both.' }),
      chunk({ content: ' the bus.' }),
      stop(),
      done,
    );
    expect(decoded).toMatchObject({ text: 'Take the bus.', reasoning: 'Weigh both.', finish: { finishReason: 'stop' } });
  });

  const usage = { prompt_tokens: 21, completion_tokens: 4, total_tokens: 25, cached_tokens: 8 };
  test.each([
    ['in the choice', []],
    ['twice', [message({ choices: [], usage })]],
  ])('usage inside the choice counts, once: %s (usage-inside-choice)', (_name, more) => {
    const decoded = chat(chunk({ role: 'assistant', content: 'Ok' }), chunk({}, { finish_reason: 'stop', usage }), ...more, done);
    expect(decoded).toMatchObject({
      text: 'Ok',
      finish: { finishReason: 'stop', usage: { inputTokens: 21, outputTokens: 4, cachedInputTokens: 8, estimated: false } },
    });
    expect(decoded.events.filter(({ type }) => type === 'usage')).toHaveLength(1);
  });

  it('half an emoji in each of two deltas is a whole one in the text (lone-surrogate-in-a-stored-event)', () => {
    const data = (content: string) => message(`{"choices":[{"index":0,"delta":{"content":"${content}"},"finish_reason":null}]}`);
    expect(chat(data('Go \\ud83d'), data('\\ude80 now'), stop(), done).text).toBe('Go 🚀 now');
  });
});
