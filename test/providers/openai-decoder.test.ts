import { describe, expect, it, test } from 'vitest';
import { defaults } from '../../src/core/defaults.ts';
import type { SseMessage } from '../../src/core/transport.ts';
import { openai } from '../../src/providers/openai.ts';
import { chunk, classified, decodeAll, done, head, message, stop } from './decoding.ts';

const provider = openai();
const decode = (...messages: SseMessage[]) => decodeAll(provider.decoder(head()), messages);
const say = (content: unknown) => chunk({ content });
const choice = (index: number, content: string) => ({ index, delta: { content }, finish_reason: null });
const call = (...entries: object[]) => chunk({ tool_calls: entries });

describe('text', () => {
  it('is delivered in order, and finished at [DONE] with the usage that follows the finish reason', () => {
    const usage = { prompt_tokens: 9, completion_tokens: 2, total_tokens: 11 };
    const { events } = decode(
      chunk({ role: 'assistant', content: '', refusal: null }, {}, { usage: null }),
      say('Hel'),
      say('lo'),
      stop(),
      message({ choices: [], usage }),
      done,
    );
    const counted = { inputTokens: 9, outputTokens: 2, totalTokens: 11, estimated: false };
    expect(events).toEqual([
      { type: 'text-delta', id: 'text-0', text: 'Hel' },
      { type: 'text-delta', id: 'text-0', text: 'lo' },
      { type: 'usage', usage: counted },
      { type: 'finish', finishReason: 'stop', rawFinishReason: 'stop', usage: counted },
    ]);
  });

  test.each<[string, SseMessage[], string]>([
    ['a number is its text', [say(7), say(0)], '70'],
    ['a boolean is its text', [say(true)], 'true'],
    ['parts of Mistral', [say([{ type: 'text', text: 'a' }, { type: 'reference', reference_ids: [1] }, 'b'])], 'ab'],
    ['the role may come with every delta', [chunk({ role: 'assistant', content: 'a' }), chunk({ role: 'assistant', content: 'b' })], 'ab'],
    ['the last content may come with the finish reason', [say('a'), chunk({ content: 'b' }, { finish_reason: 'stop' })], 'ab'],
    ['text after a finish reason is still text', [say('a'), stop(), say('b')], 'ab'],
    [
      'of several choices the first counts, however they are interleaved',
      [
        message({ choices: [choice(1, 'x'), choice(0, 'a')] }),
        message({ choices: [choice(0, 'b'), choice(1, 'y')] }),
        message({ choices: [{ ...choice(1, ''), finish_reason: 'length' }] }),
      ],
      'ab',
    ],
    ['a delta that is null, or none', [chunk(null), chunk(undefined), chunk({ content: null }), say('a')], 'a'],
    ['finish reasons that are absent, null or empty', [chunk({ content: 'a' }, { finish_reason: undefined }), say('b'), stop('')], 'ab'],
    ['finish reasons that are null as a word', [chunk({ content: 'a' }, { finish_reason: 'null' }), stop('None'), say('b'), stop()], 'ab'],
    ['an index inside the delta', [chunk({ index: 0, content: 'a' }), chunk({ index: 0, content: 'b' })], 'ab'],
    [
      'thinking and text of Mistral in one list',
      [
        say([
          { type: 'thinking', thinking: [{ type: 'text', text: 'w' }] },
          { type: 'text', text: 'a' },
        ]),
      ],
      'a',
    ],
    ['only choice 0 counts', [say('a'), chunk({ content: 'x' }, { index: 1 }), say('b')], 'ab'],
    [
      'a choice without an index is the first',
      [chunk({ content: 'a' }, { index: undefined }), chunk({ content: 'b' }, { index: null })],
      'ab',
    ],
    ['the id may change', [say('a'), chunk({ content: 'b' }, {}, { id: 'other', created: 0, model: 'other' })], 'ab'],
    ['Azure begins without choices', [message({ choices: [], id: '', object: '', created: 0, prompt_filter_results: [] }), say('a')], 'a'],
    ['chunks without anything', [message({}), message({ choices: null }), chunk(null), message({ choices: [null, 5] }), say('a')], 'a'],
    ['unknown members', [chunk({ content: 'a', obfuscation: 'x' }, { logprobs: {} }, { obfuscation: 'abc', nonce: 1 })], 'a'],
    ['error: null is no error', [chunk({ content: 'a' }, {}, { error: null }), chunk({ content: 'b' }, {}, { error: {} })], 'ab'],
    ['comments sent as data', [message(': OPENROUTER PROCESSING'), message(':'), say('a')], 'a'],
    [
      'pings, and JSON that is no object',
      [message('null'), message('5'), message(''), message('keep', 'ping'), message('[]'), say('a')],
      'a',
    ],
    ['unknown events', [message({ type: 'x' }, 'vendor'), say('a')], 'a'],
    ['a whole message in place of deltas', [message({ choices: [{ message: { role: 'assistant', content: 'all' } }] })], 'all'],
    ['a whole message repeated at the end', [say('all'), message({ choices: [{ message: { content: 'all' } }] })], 'all'],
    ['escapes and emoji', [say('"\\\n'), say('🚀'), say('\ud83d'), say('\ude80'), say('\u2028')], '"\\\n🚀🚀\u2028'],
    ['names of prototypes', [message('{"__proto__":{"error":{"code":1}},"constructor":5}'), say('__proto__')], '__proto__'],
  ])('%s', (_name, messages, text) => {
    const decoded = decode(...messages, stop(), done);
    expect(decoded).toMatchObject({ text, error: undefined, finish: { finishReason: 'stop' } });
    expect(decoded.events.every((event) => event.type !== 'text-delta' || event.text !== '')).toBe(true);
  });

  it('comes as refusal where the model refuses, and is then no stop', () => {
    const { events, finish } = decode(chunk({ refusal: 'I ' }), chunk({ refusal: 'cannot.' }), stop(), done);
    expect(events.slice(0, 2)).toEqual([
      { type: 'refusal-delta', id: 'refusal-0', text: 'I ' },
      { type: 'refusal-delta', id: 'refusal-0', text: 'cannot.' },
    ]);
    expect(finish).toMatchObject({ finishReason: 'refusal', rawFinishReason: 'stop' });
  });
});

describe('the end', () => {
  test.each<[string, SseMessage[], string | undefined]>([
    ['a clean end after a finish reason is complete', [say('a'), stop()], 'stop'],
    ['a clean end without one is not', [say('a')], undefined],
    ['[DONE] after neither content nor a finish reason is not', [chunk({ role: 'assistant' }), done], undefined],
    ['an empty body is not', [], undefined],
    ['[DONE] after content is, for an unknown reason', [say('a'), done], 'other'],
    ['[DONE] after half a tag is too', [say('<th'), done], 'other'],
    ['a finish reason without content is', [stop(), done], 'stop'],
    ['usage alone is not', [message({ choices: [], usage: { prompt_tokens: 1, completion_tokens: 0 } })], undefined],
    ['[DONE] with white space around it', [say('a'), stop(), message(' [DONE] ')], 'stop'],
    ['what follows [DONE] is dropped', [say('a'), stop(), done, say('b'), stop('length'), done], 'stop'],
    ['several finish reasons finish once', [say('a'), stop(), stop(), stop(), done], 'stop'],
    ['an empty finish reason is none', [say('a'), stop(''), done], 'other'],
    ['null as a word is none', [say('a'), stop('null')], undefined],
    ['None, as Python prints it, is none', [say('a'), stop('None')], undefined],
  ])('%s', (_name, messages, finishReason) => {
    const { events, finish, error } = decode(...messages);
    expect(error).toBeUndefined();
    expect(finish?.finishReason).toBe(finishReason);
    expect(events.filter((event) => event.type === 'finish')).toHaveLength(finishReason === undefined ? 0 : 1);
    if (finishReason !== undefined) expect(events.at(-1)?.type).toBe('finish');
  });

  test.each([
    ['stop', 'stop'],
    ['STOP', 'stop'],
    ['eos', 'stop'],
    ['end_turn', 'stop'],
    ['length', 'length'],
    ['max_tokens', 'length'],
    ['content_filter', 'content-filter'],
    ['tool_calls', 'tool-calls'],
    ['function_call', 'tool-calls'],
    ['something', 'other'],
    ['__proto__', 'other'],
  ])('the reason %s is %s', (raw, finishReason) => {
    expect(decode(say('a'), stop(raw), done).finish).toMatchObject({ finishReason, rawFinishReason: raw });
  });
});

describe('usage', () => {
  const prompt = { prompt_tokens: 9, completion_tokens: 5 };
  test.each<[string, SseMessage[], object]>([
    ['unknown', [], { inputTokens: 0, outputTokens: 0, totalTokens: 0, estimated: true }],
    ['of Groq', [message({ choices: [], x_groq: { id: 'req', usage: prompt } })], { inputTokens: 9, outputTokens: 5, estimated: false }],
    ['with null on every chunk', [chunk({}, {}, { usage: null }), message({ choices: [], usage: prompt })], { inputTokens: 9 }],
    [
      'counted along, of which the last is right',
      [chunk({ content: 'a' }, {}, { usage: prompt }), chunk({ content: 'b' }, {}, { usage: { prompt_tokens: 9, completion_tokens: 6 } })],
      { outputTokens: 6, totalTokens: 15 },
    ],
    [
      'of OpenAI with details',
      [
        message({
          choices: [],
          usage: { ...prompt, prompt_tokens_details: { cached_tokens: 4 }, completion_tokens_details: { reasoning_tokens: 3 } },
        }),
      ],
      { cachedInputTokens: 4, reasoningTokens: 3, outputTokens: 5 },
    ],
    ['of DeepSeek with its cache', [message({ choices: [], usage: { ...prompt, prompt_cache_hit_tokens: 8 } })], { cachedInputTokens: 8 }],
    [
      'of xAI, whose reasoning stands beside the output',
      [message({ choices: [], usage: { ...prompt, total_tokens: 17, completion_tokens_details: { reasoning_tokens: 3 } } })],
      { inputTokens: 9, outputTokens: 8, totalTokens: 17, reasoningTokens: 3 },
    ],
    [
      'that ends with zeros',
      [
        message({ choices: [], usage: prompt }),
        message({ choices: [], usage: { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 } }),
      ],
      { inputTokens: 9, outputTokens: 5 },
    ],
    ['that counts nothing', [message({ choices: [], usage: { prompt_tokens: -1, completion_tokens: 'x' } })], { estimated: true }],
  ])('%s', (_name, messages, usage) => {
    expect(decode(say('a'), stop(), ...messages, done).finish?.usage).toMatchObject(usage);
  });
});

describe('reasoning', () => {
  test.each<[string, unknown[], string, string]>([
    [
      'as reasoning_content',
      [
        { reasoning_content: 'w', content: null },
        { content: 'a', reasoning_content: null },
      ],
      'w',
      'a',
    ],
    ['as reasoning', [{ reasoning: 'w' }, { content: 'a' }], 'w', 'a'],
    ['as reasoning_text', [{ reasoning_text: 'w' }, { content: 'a' }], 'w', 'a'],
    ['under two names at once', [{ reasoning: 'w', reasoning_content: 'w' }, { content: 'a' }], 'w', 'a'],
    [
      'as details',
      [
        {
          reasoning_details: [
            { type: 'reasoning.text', text: 'w' },
            { type: 'reasoning.encrypted', data: 'x' },
          ],
        },
        { content: 'a' },
      ],
      'w',
      'a',
    ],
    ['under a name and as details', [{ reasoning: 'w', reasoning_details: [{ type: 'reasoning.text', text: 'w' }] }], 'w', ''],
    ['as parts of Mistral', [{ content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'w' }] }] }, { content: 'a' }], 'w', 'a'],
    ['in tags', [{ content: '<think>w</think>a' }], 'w', 'a'],
    ['in tags after white space', [{ content: '\n' }, { content: ' <think>w</think>a' }], 'w', 'a'],
    ['in tags that are cut anywhere', [...'<think>w<x</thi</think>a</think>b'].map((content) => ({ content })), 'w<x</thi', 'a</think>b'],
    ['in tags that never close', [{ content: '<think>w</thi' }], 'w</thi', ''],
    ['not where a tag stands later', [{ content: 'a <think>b</think>' }], '', 'a <think>b</think>'],
    ['not where it is another tag', [{ content: '<thi' }, { content: 'nking>' }], '', '<thinking>'],
    ['half a tag is text', [{ content: '<th' }], '', '<th'],
    [
      'in tags and as a member, which say the same',
      [
        { content: '<think>w', reasoning_content: 'w' },
        { content: 'x</think>a', reasoning_content: 'x' },
      ],
      'wx',
      'a',
    ],
    ['in tags first, with the member following', [{ content: '<think>w' }, { reasoning_content: 'w' }, { content: '</think>a' }], 'w', 'a'],
  ])('%s', (_name, deltas, reasoning, text) => {
    const decoded = decode(...deltas.map((delta) => chunk(delta)), stop(), done);
    expect(decoded).toMatchObject({ reasoning, text, error: undefined });
  });
});

describe('tool calls', () => {
  const a = { name: 'look', input: { q: 'a' } };
  const b = { name: 'look', input: { q: 'b' } };
  const inA = '{"q":"a"}';
  const inB = '{"q":"b"}';
  const fn = (name: unknown, args: unknown) => ({ type: 'function', function: { name, arguments: args } });

  test.each<[string, SseMessage[], object[]]>([
    [
      'in pieces',
      [
        call({ index: 0, id: 'c1', ...fn('look', '') }),
        call({ index: 0, ...fn(undefined, '{"q":') }),
        call({ index: 0, ...fn(undefined, '"a"}') }),
      ],
      [{ id: 'c1', ...a }],
    ],
    ['whole in one delta', [call({ index: 0, id: 'c1', ...fn('look', inA) })], [{ id: 'c1', ...a }]],
    [
      'two, interleaved',
      [
        call({ index: 0, id: 'c1', ...fn('look', '{"q":') }, { index: 1, id: 'c2', ...fn('look', '{"q":') }),
        call({ index: 1, ...fn('', '"b"}') }, { index: 0, ...fn('', '"a"}') }),
      ],
      [
        { id: 'c1', ...a },
        { id: 'c2', ...b },
      ],
    ],
    ['whose index begins at 1', [call({ index: 1, id: 'c1', ...fn('look', inA) })], [{ id: 'c1', ...a }]],
    ['whose index is huge', [call({ index: 2 ** 40, id: 'c1', ...fn('look', inA) })], [{ id: 'c1', ...a }]],
    ['whose index is the name of a prototype', [call({ index: '__proto__', id: 'c1', ...fn('look', inA) })], [{ id: 'c1', ...a }]],
    [
      'whose index is null',
      [call({ index: null, id: 'c1', ...fn('look', '{"q":') }), call({ index: null, ...fn(null, '"a"}') })],
      [{ id: 'c1', ...a }],
    ],
    [
      'whose arguments are missing, or null',
      [call({ index: 0, id: 'c1', function: { name: 'now' } }), call({ index: 0, ...fn(null, null) })],
      [{ id: 'c1', name: 'now', input: {} }],
    ],
    ['without an index', [call({ id: 'c1', ...fn('look', '{"q":') }), call(fn('', '"a"}'))], [{ id: 'c1', ...a }]],
    [
      'without an index at first, with one on what continues it',
      [call({ id: 'c1', ...fn('look', '') }), call({ index: 0, ...fn(null, '{"q":') }), call({ index: 0, ...fn('', '"a"}') })],
      [{ id: 'c1', ...a }],
    ],
    [
      'two without an index',
      [call({ id: 'c1', ...fn('look', inA) }), call({ id: 'c2', ...fn('look', inB) })],
      [
        { id: 'c1', ...a },
        { id: 'c2', ...b },
      ],
    ],
    [
      'two that share the index 0',
      [call({ index: 0, id: 'c1', ...fn('look', inA) }), call({ index: 0, id: 'c2', ...fn('look', inB) })],
      [
        { id: 'c1', ...a },
        { id: 'c2', ...b },
      ],
    ],
    [
      'whose id comes again with every delta',
      [call({ index: 0, id: 'c1', ...fn('look', '{"q":') }), call({ index: 0, id: 'c1', ...fn('look', '"a"}') })],
      [{ id: 'c1', ...a }],
    ],
    [
      'whose id changes without a name',
      [call({ index: 0, id: 'c1', ...fn('look', '{"q":') }), call({ index: 0, id: 'x9', ...fn(null, '"a"}') })],
      [{ id: 'c1', ...a }],
    ],
    [
      'whose id comes late, on its own',
      [call({ index: 0, ...fn('look', '') }), call({ index: 0, id: 'c1' }), call({ index: 0, ...fn(null, inA) })],
      [{ id: 'c1', ...a }],
    ],
    [
      'whose name comes late',
      [call({ index: 0, id: 'c1', function: { arguments: '{"q":' } }), call({ index: 0, ...fn('look', '"a"}') })],
      [{ id: 'c1', ...a }],
    ],
    ['whose arguments are an object', [call({ index: 0, id: 'c1', ...fn('look', { q: 'a' }) })], [{ id: 'c1', ...a }]],
    ['whose arguments are null as a text', [call({ index: 0, id: 'c1', ...fn('now', 'null') })], [{ id: 'c1', name: 'now', input: {} }]],
    ['without arguments', [call({ index: 0, id: 'c1', ...fn('now', '') })], [{ id: 'c1', name: 'now', input: {} }]],
    ['run together', [call({ index: 0, id: 'c1', ...fn('look', `${inA}${inB}`) })], [{ id: 'c1', ...a }, { ...b }]],
    ['sent twice', [call({ index: 0, id: 'c1', ...fn('look', inA) }), call({ index: 0, ...fn('', inA) })], [{ id: 'c1', ...a }]],
    ['after a placeholder', [call({ index: 0, id: 'c1', ...fn('look', '{}') }), call({ index: 0, ...fn('', inA) })], [{ id: 'c1', ...a }]],
    [
      'with an id for two',
      [call({ index: 0, id: 'c1', ...fn('look', inA) }, { index: 1, id: 'c1', ...fn('look', inB) })],
      [{ id: 'c1', ...a }, { ...b }],
    ],
    [
      'as the old function_call',
      [chunk({ function_call: { name: 'look', arguments: '{"q":' } }), chunk({ function_call: { arguments: '"a"}' } })],
      [a],
    ],
    [
      'of a custom tool',
      [call({ index: 0, id: 'c1', type: 'custom', custom: { name: 'sql', input: 'select 1' } })],
      [{ id: 'c1', name: 'sql', input: 'select 1' }],
    ],
    [
      'with metadata that is no call',
      [call({ index: 0, id: 'c1', ...fn('look', inA) }), call({ index: 1, extra_content: { google: {} } })],
      [{ id: 'c1', ...a }],
    ],
    ['not objects', [call(null as never, 5 as never, { index: 0, id: 'c1', ...fn('look', inA) })], [{ id: 'c1', ...a }]],
  ])('%s', (_name, messages, calls) => {
    const { toolCalls, events, finish, error } = decode(...messages, stop('tool_calls'), done);
    expect(error).toBeUndefined();
    expect(toolCalls).toMatchObject(calls);
    expect(toolCalls).toHaveLength(calls.length);
    expect(new Set(toolCalls.map(({ id }) => id)).size).toBe(calls.length);
    expect(finish?.finishReason).toBe('tool-calls');
    const known = new Set(toolCalls.map(({ id }) => id));
    for (const event of events) if (event.type === 'tool-input-delta') expect(known).toContain(event.toolCallId);
  });

  it('have ids of their own where the provider gives none: distinct, the same each time, and fit for Mistral', () => {
    const messages = [call({ index: 0, id: '', ...fn('look', inA) }, { index: 1, id: null, ...fn('look', inB) }), stop('tool_calls'), done];
    const ids = decode(...messages).toolCalls.map(({ id }) => id);
    expect(ids).toEqual(decode(...messages).toolCalls.map(({ id }) => id));
    expect(new Set(ids).size).toBe(2);
    for (const id of ids) expect(id).toMatch(/^[a-z0-9]{9}$/);
  });

  it('without an id get another in every turn, also where the answer has none', () => {
    const delta = {
      tool_calls: [
        { index: 0, ...fn('look', inA) },
        { index: 1, ...fn('look', inB) },
      ],
    };
    const ids = [1, 2].flatMap(() => decode(message({ choices: [{ index: 0, delta }] }), stop('tool_calls'), done).toolCalls);
    expect(new Set(ids.map(({ id }) => id)).size).toBe(4);
  });

  it('end a turn as tool-calls also where the provider says stop, and come before the finish', () => {
    const { events } = decode(call({ index: 0, id: 'c1', ...fn('look', inA) }), stop('stop'), done);
    expect(events.map(({ type }) => type)).toEqual(['tool-input-delta', 'tool-call', 'finish']);
    expect(events[2]).toMatchObject({ finishReason: 'tool-calls', rawFinishReason: 'stop' });
  });

  test.each<[string, string, string]>([
    ['broken input', '{"q":', 'tool_calls'],
    ['input with its head lost', 'city": "Oslo"}', 'tool_calls'],
    ['broken input and no finish reason', '{"q":', ''],
  ])('%s is a protocol error, never a call', (_name, args, reason) => {
    const { toolCalls, finish, error } = decode(call({ index: 0, id: 'c1', ...fn('look', args) }), stop(reason), done);
    expect(toolCalls).toEqual([]);
    expect(finish).toBeUndefined();
    expect(classified(provider, error).category).toBe('protocol');
  });

  test.each(['{"q":', ''])('cut short by the limit on tokens is left out: %j', (args) => {
    const { toolCalls, finish, error } = decode(say('a'), call({ index: 0, id: 'c1', ...fn('look', args) }), stop('length'), done);
    expect({ toolCalls, error }).toEqual({ toolCalls: [], error: undefined });
    expect(finish?.finishReason).toBe('length');
  });

  it('without a name are a protocol error, after the calls that are whole', () => {
    const { toolCalls, error } = decode(call({ index: 0, id: 'c1', ...fn('look', inA) }, { index: 1, ...fn('', inB) }), stop(), done);
    expect(toolCalls).toMatchObject([a]);
    expect(classified(provider, error).category).toBe('protocol');
  });

  it('are not emitted when the stream is cut', () => {
    expect(decode(call({ index: 0, id: 'c1', ...fn('look', inA) })).toolCalls).toEqual([]);
  });

  it('are limited in length and number', () => {
    const piece = 'x'.repeat(1_048_576);
    const long = Array.from({ length: 5 }, () => call({ index: 0, ...fn('look', piece) }));
    expect(classified(provider, decode(...long).error)).toMatchObject({ category: 'protocol', reason: expect.stringContaining('longer') });
    const many = Array.from({ length: defaults.decoder.maxToolCalls + 1 }, (_, index) =>
      call({ index, id: `c${index}`, ...fn('look', '{}') }),
    );
    expect(classified(provider, decode(...many).error)).toMatchObject({ category: 'protocol', reason: expect.stringContaining('256') });
  });
});

describe('what goes back with the next turn', () => {
  const extra = { google: { thought_signature: 'sig' } };
  const metadata = { openai: { extra_content: extra } };
  const look = { name: 'look', arguments: '{}' };

  test.each<[string, SseMessage[]]>([
    ['with the call', [call({ index: 0, id: 'c1', function: look, extra_content: extra })]],
    ['behind it', [call({ index: 0, id: 'c1', function: look }), call({ index: 0, extra_content: extra })]],
    ['before it', [call({ index: 0, extra_content: extra }), call({ index: 0, id: 'c1', function: look })]],
    [
      'twice, of which the last holds',
      [call({ index: 0, id: 'c1', function: look, extra_content: { google: {} } }), call({ index: 0, extra_content: extra })],
    ],
  ])('the signature of a tool call is its metadata: %s', (_name, messages) => {
    const { events } = decode(...messages, stop('tool_calls'), done);
    expect(events.filter(({ type }) => type === 'tool-call')).toEqual([
      { type: 'tool-call', toolCallId: 'c1', toolName: 'look', input: {}, providerMetadata: metadata },
    ]);
  });

  it('a call of a custom tool is marked as one, beside its signature', () => {
    const custom = { index: 0, id: 'c1', type: 'custom', custom: { name: 'sql', input: 'select 1' } };
    const marks = [call(custom), call({ ...custom, extra_content: extra })].map((each) =>
      decode(each, stop('tool_calls'), done).events.flatMap((event) => (event.type === 'tool-call' ? [event.providerMetadata] : [])),
    );
    expect(marks).toEqual([[{ openai: { type: 'custom' } }], [{ openai: { type: 'custom', extra_content: extra } }]]);
  });

  it('the signature of a text is metadata of the text, and no content', () => {
    const { events } = decode(say('a'), chunk({ content: 'b', extra_content: extra }), chunk({ extra_content: extra }), stop(), done);
    const signature = { type: 'text-delta', id: 'text-0', text: '', providerMetadata: metadata };
    expect(events.slice(0, -1)).toEqual([
      { type: 'text-delta', id: 'text-0', text: 'a' },
      { type: 'text-delta', id: 'text-0', text: 'b' },
      signature,
      signature,
    ]);
    expect(decode(chunk({ extra_content: extra }), done).finish).toBeUndefined();
  });

  it('is told of every delta that has it, however alike they are', () => {
    const plain = Array.from({ length: 10 }, () => say('x'));
    const signed = Array.from({ length: 10 }, () => chunk({ content: 'x', extra_content: extra }));
    const { text, events } = decode(...plain, ...signed, ...plain, ...signed, stop(), done);
    expect(text).toBe('x'.repeat(40));
    expect(events.filter((each) => each.type === 'text-delta' && each.providerMetadata)).toHaveLength(20);
  });

  const details = (...reasoning_details: unknown[]) => chunk({ content: '', reasoning_details });
  const piece = (text: string, more: object = {}) => ({ type: 'reasoning.text', text, index: 0, ...more });
  const told = (...messages: SseMessage[]) =>
    decode(...messages, say('a'), stop(), done).events.flatMap((each) =>
      each.type === 'reasoning-delta' && each.providerMetadata ? [each.providerMetadata.openai?.reasoning_details] : [],
    );

  test.each<[string, SseMessage[], unknown[]]>([
    [
      'pieces of one text, and its signature',
      [
        details(piece('Weigh')),
        details(piece(' both.', { signature: null })),
        details({ type: 'reasoning.text', signature: 'sig', index: 0 }),
      ],
      [[piece('Weigh both.', { signature: 'sig' })]],
    ],
    [
      'several of them',
      [details(piece('a'), piece('b', { index: 1 })), details(piece('c', { index: 1 }), { type: 'reasoning.encrypted', data: 'x' })],
      [[piece('a'), piece('bc', { index: 1 }), { type: 'reasoning.encrypted', data: 'x' }]],
    ],
    [
      'two that are encrypted',
      [details({ type: 'reasoning.encrypted', data: 'x' }), details({ type: 'reasoning.encrypted', data: 'y' })],
      [
        [
          { type: 'reasoning.encrypted', data: 'x' },
          { type: 'reasoning.encrypted', data: 'y' },
        ],
      ],
    ],
    [
      'a summary',
      [details({ type: 'reasoning.summary', summary: 'a' }), details({ type: 'reasoning.summary', summary: 'b' })],
      [[{ type: 'reasoning.summary', summary: 'ab' }]],
    ],
    ['none', [details(), details(null, 5), chunk({ reasoning_details: 'x' })], []],
    ['more than fits', Array.from({ length: 5 }, () => details(piece('x'.repeat(1_048_576)))), []],
    ['more in number than any has', Array.from({ length: 1_025 }, (_, index) => details(piece('x', { index }))), []],
  ])('reasoning details are put together and told once, at the end: %s', (_name, messages, expected) => {
    expect(told(...messages)).toEqual(expected);
  });
});

describe('sources', () => {
  it('are annotations and citations, each once', () => {
    const annotation = { type: 'url_citation', url_citation: { url: 'https://a.example', title: 'A' } };
    const citations = ['https://a.example', 'https://b.example'];
    const { events } = decode(
      chunk({ content: 'x', annotations: [annotation] }, {}, { citations }),
      chunk({ content: 'y' }, {}, { citations }),
      stop(),
      done,
    );
    expect(events.filter(({ type }) => type === 'source')).toEqual([
      { type: 'source', url: 'https://a.example' },
      { type: 'source', url: 'https://b.example' },
    ]);
  });
});

describe('errors in the stream', () => {
  test.each<[string, SseMessage, string]>([
    ['unnamed', message({ error: { message: 'boom', type: 'server_error', code: null, param: null } }), 'server-error'],
    ['named', message({ message: 'boom', code: 'rate_limit_exceeded' }, 'error'), 'rate-limit'],
    ['named, as text', message('boom', 'error'), 'server-error'],
    [
      'of OpenRouter',
      message({
        id: 'x',
        error: { code: 502, message: 'Provider disconnected' },
        choices: [{ index: 0, delta: { content: '' }, finish_reason: 'error' }],
      }),
      'server-error',
    ],
    ['of OpenRouter with a numeric string', message({ error: { code: '429', message: 'slow' } }), 'rate-limit'],
    ['of Groq', message({ choices: [], x_groq: { id: 'req_1', error: 'over capacity' } }), 'overloaded'],
    ['of vLLM, flat', message({ object: 'error', message: 'bad', type: 'BadRequestError', code: 400 }), 'invalid-request'],
    ['of Ollama', message({ error: 'an error was encountered while running the model' }), 'server-error'],
    ['of xAI', message({ code: 'Some resource has been exhausted', error: 'insufficient credits' }), 'quota-exhausted'],
    ['of FastAPI', message({ detail: [{ loc: ['body'], msg: 'boom', type: 'value_error' }] }), 'invalid-request'],
    ['in a list of one', message([{ error: { code: 503, status: 'UNAVAILABLE' } }]), 'overloaded'],
    [
      'of quota, in a 200',
      message({ error: { message: 'no', type: 'insufficient_quota', code: 'insufficient_quota' } }),
      'quota-exhausted',
    ],
    [
      'of overload, in a 200',
      message({ error: { message: 'Our servers are currently overloaded. Please try again later.' } }),
      'overloaded',
    ],
    ['inside the choice', chunk({ content: '' }, { error: { code: 502, message: 'gone' } }), 'server-error'],
    ['inside the choice, under another finish reason', chunk({}, { finish_reason: 'stop', error: { code: 429 } }), 'rate-limit'],
    ['as a finish reason', stop('error'), 'server-error'],
    ['as a finish reason of DeepSeek', stop('insufficient_system_resource'), 'overloaded'],
    ['that is not JSON', message('{"choices":[{"delta":{"content":"a'), 'protocol'],
    ['that is HTML', message('<html>'), 'protocol'],
  ])('%s', (_name, failure, category) => {
    const { text, error, finish } = decode(say('a'), failure, done);
    expect(text).toBe('a');
    expect(finish).toBeUndefined();
    expect(error?.status).toBeUndefined();
    expect(classified(provider, error).category).toBe(category);
  });

  test.each<[string, SseMessage, string | undefined]>([
    ['in the choice', chunk({}, { finish_reason: 'error', error: { code: 502, message: 'x' } }), '502'],
    [
      'beside the choices',
      chunk({}, { finish_reason: 'error' }, { error: { code: 'rate_limit_exceeded', message: 'x' } }),
      'rate_limit_exceeded',
    ],
    ['nowhere', message({ type: 'error', message: 'x' }), undefined],
  ])('has the code that stands %s', (_where, failure, code) => {
    expect(classified(provider, decode(say('a'), failure).error).code).toBe(code);
  });

  it('delivers the text that a message holds beside its error', () => {
    const { text, error } = decode(say('a'), chunk({ content: 'b' }, { finish_reason: 'error' }, { error: { code: 502, message: 'x' } }));
    expect(text).toBe('ab');
    expect(classified(provider, error)).toMatchObject({ category: 'server-error', detail: 'x' });
  });
});

describe('rate limits', () => {
  test.each<[string, Record<string, string>, object[]]>([
    [
      'of OpenAI',
      {
        'x-ratelimit-limit-requests': '500',
        'x-ratelimit-remaining-requests': '499',
        'x-ratelimit-reset-requests': '120ms',
        'x-ratelimit-limit-tokens': '30000',
        'x-ratelimit-remaining-tokens': '0',
        'x-ratelimit-reset-tokens': '6m0s',
      },
      [
        { kind: 'requests', limit: 500, remaining: 499, resetMs: 120 },
        { kind: 'tokens', limit: 30_000, remaining: 0, resetMs: 360_000 },
      ],
    ],
    ['of Groq', { 'x-ratelimit-remaining-tokens': '5', 'x-ratelimit-reset-tokens': '2m59.56s' }, [{ kind: 'tokens', resetMs: 179_560 }]],
    [
      'of OpenRouter',
      {
        'x-ratelimit-limit': '20',
        'x-ratelimit-remaining': '0',
        'x-ratelimit-reset': '1790000005000',
        date: new Date(1_790_000_000_000).toUTCString(),
      },
      [{ kind: 'requests', limit: 20, remaining: 0, resetMs: 5_000 }],
    ],
    ['that make no sense', { 'x-ratelimit-limit-requests': 'many', 'x-ratelimit-remaining-tokens': '-1' }, []],
  ])('%s', (_name, headers, limits) => {
    const { events } = decodeAll(provider.decoder(head(headers)), []);
    expect(events).toMatchObject(limits.length === 0 ? [] : [{ type: 'rate-limits', limits }]);
    expect(events).toHaveLength(limits.length === 0 ? 0 : 1);
  });
});
