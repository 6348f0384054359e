import { describe, expect, it, test } from 'vitest';
import { defaults } from '../../src/core/defaults.ts';
import type { SseMessage } from '../../src/core/transport.ts';
import { openaiResponses } from '../../src/providers/openai-responses.ts';
import { classified, decodeAll, done, head, message } from './decoding.ts';
import {
  argumentsDelta,
  callItem,
  completed,
  counted,
  created,
  event,
  incomplete,
  itemAdded,
  itemDone,
  messageItem,
  numbered,
  say,
  textDone,
} from './responses-events.ts';

const provider = openaiResponses();
const decode = (...messages: SseMessage[]) => decodeAll(provider.decoder(head()), messages);
const usage = { inputTokens: 9, cachedInputTokens: 4, outputTokens: 5, reasoningTokens: 3, totalTokens: 14, estimated: false };
const reasoning = { type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: 'Hm.' }], encrypted_content: 'enc' };

describe('text', () => {
  it('is only what output_text deltas say, and usage comes with the end (adp-18)', () => {
    const { events } = decode(
      created,
      event('response.in_progress', { response: { id: 'resp_1' } }),
      event('response.reasoning_summary_text.delta', { output_index: 0, summary_index: 1, delta: 'Hm' }),
      event('response.reasoning_text.delta', { output_index: 0, content_index: 0, delta: 'raw' }),
      itemAdded(1, { type: 'message', id: 'msg_1' }),
      say('Hel', 1),
      say('lo', 1),
      event('response.refusal.delta', { output_index: 1, content_index: 1, delta: 'No.' }),
      itemAdded(2, callItem('')),
      argumentsDelta('{"q":1}', 2),
      event('response.mcp_call_arguments.delta', { output_index: 3, delta: '{"text":"no text"}' }),
      itemDone(2, callItem('{"q":1}')),
      completed(),
    );
    expect(events).toEqual([
      { type: 'reasoning-delta', id: 'reasoning-0-1', text: 'Hm' },
      { type: 'reasoning-delta', id: 'reasoning-text-0-0', text: 'raw' },
      { type: 'text-delta', id: 'text-1-0', text: 'Hel' },
      { type: 'text-delta', id: 'text-1-0', text: 'lo' },
      { type: 'refusal-delta', id: 'refusal-1-1', text: 'No.' },
      { type: 'tool-input-delta', toolCallId: 'call_1', delta: '{"q":1}' },
      {
        type: 'tool-call',
        toolCallId: 'call_1',
        toolName: 'look',
        input: { q: 1 },
        providerMetadata: { 'openai-responses': { id: 'fc_1' } },
      },
      { type: 'usage', usage },
      { type: 'finish', finishReason: 'tool-calls', rawFinishReason: 'completed', usage },
    ]);
  });

  const partDone = (text: string) =>
    event('response.content_part.done', { output_index: 0, content_index: 0, part: { type: 'output_text', text } });
  test.each<[string, SseMessage[], string]>([
    ['what the end of a part repeats', [say('Hel'), say('lo'), textDone('Hello'), partDone('Hello')], 'Hello'],
    ['what the end of an item repeats', [say('Hello'), itemDone(0, messageItem('Hello'))], 'Hello'],
    ['what the response repeats', [say('Hello'), completed({ output: [messageItem('Hello')] })], 'Hello'],
    ['what it repeats at another place', [say('Hello', 1), completed({ output: [messageItem('Hello')] })], 'Hello'],
    ['what it repeats after a done item', [itemDone(1, messageItem('Hello')), completed({ output: [messageItem('Hello')] })], 'Hello'],
    [
      'what it repeats where reasoning stood',
      [
        event('response.reasoning_text.delta', { output_index: 0, content_index: 0, delta: 'x' }),
        say('Hello', 1),
        completed({ output: [messageItem('Hello')] }),
      ],
      'Hello',
    ],
    ['a whole text that contradicts', [say('Hello'), textDone('Howdy, world'), itemDone(0, messageItem('Other, and longer'))], 'Hello'],
    ['a whole text that is shorter', [say('Hello'), textDone('Hel')], 'Hello'],
  ])('is delivered once: %s', (_what, messages, text) => {
    expect(decode(created, ...messages, completed())).toMatchObject({ text, error: undefined, finish: { finishReason: 'stop' } });
  });

  test.each<[string, SseMessage[], string]>([
    ['in the end of a part', [textDone('Hello')], 'Hello'],
    ['in the end of a content part', [partDone('Hello')], 'Hello'],
    ['in the end of an item', [itemDone(0, messageItem('Hello'))], 'Hello'],
    ['in the response', [completed({ output: [messageItem('Hel'), messageItem('lo')] })], 'Hello'],
    ['in a response without anything else', [], 'Hello'],
    ['behind deltas that were not all', [say('Hel'), textDone('Hello')], 'Hello'],
    ['at places that are no numbers', [say('Hel', '__proto__', null), say('lo', undefined, 'constructor')], 'Hello'],
    ['at places that are huge', [say('Hel', 9e15, 1e300), say('lo', 9e15, 1e300)], 'Hello'],
    ['as values that gateways parsed', [say(7), say(true)], '7true'],
    ['beside what nobody knows', [event('response.future.delta', { delta: 'x', output_index: 0 }), message({}), say('Hello')], 'Hello'],
  ])('is found %s', (_where, messages, text) => {
    const end = messages.length === 0 ? completed({ output: [messageItem('Hello')] }) : completed();
    const alone = messages.length === 0 ? [] : [created];
    expect(decode(...alone, ...messages, end)).toMatchObject({ text, finish: { finishReason: 'stop' } });
  });

  it('keeps its parts apart by their places, whatever the ids of items are', () => {
    const { events } = decode(say('a', 0, 0), say('b', 0, 1), say('c', 0, 0), say('d', 2, 0), completed());
    expect(events.flatMap((each) => (each.type === 'text-delta' ? [[each.id, each.text]] : []))).toEqual([
      ['text-0-0', 'a'],
      ['text-0-1', 'b'],
      ['text-0-0', 'c'],
      ['text-2-0', 'd'],
    ]);
  });

  it('takes the id of its message and its phase along, with its last part', () => {
    const { events } = decode(say('a'), itemDone(0, messageItem('a', { id: 'msg_1', phase: 'commentary', extra: null })), completed());
    expect(events[1]).toEqual({
      type: 'text-delta',
      id: 'text-0-0',
      text: '',
      providerMetadata: { 'openai-responses': { id: 'msg_1', phase: 'commentary' } },
    });
  });

  test.each<[string, SseMessage[], string]>([
    ['goes on in deltas', [say('lo'), textDone('Hello')], 'Hello'],
    ['goes on with what was said', [say('Hel'), say('lo'), textDone('Hello')], 'Hello'],
    ['is repeated by a delta', [say('Hello')], 'Hello'],
    ['is repeated by its end', [textDone('Hello')], 'Hello'],
    ['has nothing behind it', [], 'Hel'],
  ])('that stands in the beginning of its part is said once, where it %s', (_how, messages, text) => {
    const part = { type: 'output_text', text: 'Hel' };
    const begun = event('response.content_part.added', { output_index: 0, content_index: 0, part });
    expect(decode(created, begun, ...messages, completed()).text).toBe(text);
  });

  it('names each of its sources once', () => {
    const annotation = { type: 'url_citation', url: 'https://a.example', title: 'A' };
    const { events } = decode(
      say('a'),
      event('response.output_text.annotation.added', { output_index: 0, content_index: 0, annotation }),
      itemDone(
        0,
        messageItem('a', { content: [{ type: 'output_text', text: 'a', annotations: [annotation, { type: 'file_citation' }] }] }),
      ),
      completed(),
    );
    expect(events.filter(({ type }) => type === 'source')).toEqual([{ type: 'source', url: 'https://a.example', title: 'A' }]);
  });

  it('is refused as refusal', () => {
    const refusal = { type: 'refusal', refusal: 'I cannot.' };
    const { events, finish } = decode(itemDone(0, messageItem('', { content: [refusal] })), completed());
    expect(events[0]).toEqual({ type: 'refusal-delta', id: 'refusal-0-0', text: 'I cannot.' });
    expect(finish).toMatchObject({ finishReason: 'refusal', rawFinishReason: 'completed' });
  });
});

describe('the end', () => {
  test.each<[string, SseMessage[], string | undefined]>([
    ['response.completed', [completed()], 'stop'],
    ['response.completed without a response', [event('response.completed')], 'stop'],
    ['the same without a type in the data', [message({ response: { status: 'completed' } }, 'response.completed')], 'stop'],
    ['the limit on tokens', [incomplete('max_output_tokens')], 'length'],
    ['a filter', [incomplete('content_filter')], 'content-filter'],
    ['another reason to be incomplete', [incomplete('__proto__')], 'other'],
    ['a response that is incomplete after all', [completed({ status: 'incomplete', incomplete_details: null })], 'other'],
    ['no clean end of the body', [], undefined],
    ['no [DONE]', [done], undefined],
    ['the end of a message', [itemDone(0, messageItem('a'))], undefined],
    ['[DONE] after it', [completed(), done], 'stop'],
    ['what follows it', [completed(), say('b'), event('response.failed', {}), incomplete('content_filter')], 'stop'],
  ])('is %s', (_what, messages, finishReason) => {
    const { events, finish, error, text } = decode(created, say('a'), ...messages);
    expect(error).toBeUndefined();
    expect(text).toBe('a');
    expect(finish?.finishReason).toBe(finishReason);
    expect(events.filter(({ type }) => type === 'finish')).toHaveLength(finishReason === undefined ? 0 : 1);
  });

  it('has an unknown usage where none is told', () => {
    expect(decode(completed({ usage: null })).finish?.usage).toEqual({ inputTokens: 0, outputTokens: 0, totalTokens: 0, estimated: true });
  });
});

describe('errors', () => {
  const failed = (error: unknown, more: object = {}) => event('response.failed', { response: { status: 'failed', error, ...more } });
  test.each<[string, SseMessage[], string, string | undefined]>([
    [
      'nested, with response.failed after it',
      [
        event('error', { error: { type: 'insufficient_quota', code: 'insufficient_quota', message: 'no' } }),
        failed({ code: 'insufficient_quota', message: 'no' }),
      ],
      'quota-exhausted',
      'insufficient_quota',
    ],
    ['flat', [event('error', { code: 'rate_limit_exceeded', message: 'no', param: null })], 'rate-limit', 'rate_limit_exceeded'],
    ['flat, without a name', [message({ type: 'error', code: 'server_error', message: 'no' })], 'server-error', 'server_error'],
    ['of a response that failed', [failed({ code: 'server_error', message: 'no' })], 'server-error', 'server_error'],
    ['of its prompt', [failed({ code: 'invalid_prompt', message: 'no' })], 'invalid-request', 'invalid_prompt'],
    ['of a policy', [failed({ code: 'bio_policy', message: 'no' })], 'content-filter', 'bio_policy'],
    ['without words', [failed(null)], 'server-error', 'failed'],
    ['flat, without a code', [event('error', { code: null, message: 'no', param: null })], 'server-error', ''],
    [
      'that stands in response.completed',
      [completed({ status: 'failed', error: { code: 'rate_limit_exceeded' } })],
      'rate-limit',
      undefined,
    ],
    ['of a response that was cancelled', [completed({ status: 'cancelled' })], 'cancelled', 'cancelled'],
    ['of one that says so', [event('response.cancelled', { response: {} })], 'cancelled', 'cancelled'],
  ])('%s', (_what, messages, category, code) => {
    const { error, finish } = decode(created, ...messages);
    const seen = classified(provider, error);
    expect(seen).toMatchObject({ category, ...(code && { code }) });
    if (code === '') expect(seen.code).toBeUndefined();
    expect(finish).toBeUndefined();
  });

  it('come after the text, and after the usage that the failure tells', () => {
    const { events, error } = decode(say('a'), failed({ code: 'server_error' }, { usage: counted }));
    expect(events.map(({ type }) => type)).toEqual(['text-delta', 'usage']);
    expect(error).toBeDefined();
  });

  it('null is none', () => {
    expect(decode(event('response.created', { error: null, response: { error: null } }), say('a'), completed()).error).toBeUndefined();
  });

  it('a message that is no JSON is one, and of ours', () => {
    expect(classified(provider, decode(message('{"type":')).error)).toMatchObject({ category: 'protocol' });
  });

  it('more parts, items or calls than any honest answer has are errors', () => {
    const many = (make: (index: number) => SseMessage, count: number) =>
      classified(provider, decode(...Array.from({ length: count }, (_, index) => make(index)), completed()).error);
    const { maxParts, maxToolCalls } = defaults.decoder;
    expect(many((index) => say('a', index), maxParts + 1)).toMatchObject({ category: 'protocol' });
    expect(many((index) => itemDone(index, { type: 'x_call' }), maxParts + 1)).toMatchObject({ category: 'protocol' });
    expect(many((index) => argumentsDelta('1', index), maxToolCalls + 1)).toMatchObject({ category: 'protocol' });
  });
});

describe('tool calls', () => {
  const argumentsDone = (args: unknown) => event('response.function_call_arguments.done', { output_index: 0, arguments: args });
  const added = itemAdded(0, callItem(''));
  const one = [{ id: 'call_1', name: 'look', input: { q: 'a' } }];
  test.each<[string, SseMessage[], unknown[]]>([
    ['deltas, and all that repeats them', [added, argumentsDelta('{"q":'), argumentsDelta('"a"}'), argumentsDone('{"q":"a"}')], one],
    ['deltas alone', [added, argumentsDelta('{"q":"a"}')], one],
    ['the end of the arguments', [added, argumentsDone('{"q":"a"}')], one],
    ['the end of the item', [itemDone(0, callItem('{"q":"a"}'))], one],
    ['the end of the item, twice', [itemDone(0, callItem('{"q":"a"}')), itemDone(0, callItem('{"q":"a"}'))], one],
    ['two places', [itemDone(0, callItem('{"q":"a"}')), itemDone(1, callItem('{"q":"a"}'))], one],
    ['arguments as an object', [itemDone(0, callItem({ q: 'a' }))], one],
    ['no arguments', [itemDone(0, callItem(''))], [{ id: 'call_1', name: 'look', input: {} }]],
    ['deltas of which one was lost', [added, argumentsDelta('{"q":"'), argumentsDelta('"}'), itemDone(0, callItem('{"q":"a"}'))], one],
    ['deltas before their item', [argumentsDelta('{"q":"a"}'), itemDone(0, callItem('{"q":"a"}'))], one],
    ['an item that is incomplete, but whole', [itemDone(0, callItem('{"q":"a"}', { status: 'incomplete' }))], one],
  ])('are emitted once, and whole: %s', (_what, messages, toolCalls) => {
    expect(decode(created, ...messages, completed())).toMatchObject({ toolCalls, finish: { finishReason: 'tool-calls' } });
    // The response repeats them: at the same place, or at another.
    for (const before of [[], [messageItem('')]]) {
      const { input } = (toolCalls as typeof one)[0] as (typeof one)[0];
      const repeated = completed({ output: [...before, callItem(JSON.stringify(input))] });
      expect(decode(created, ...messages, repeated).toolCalls).toEqual(toolCalls);
    }
  });

  it('are found in a response that says nothing before', () => {
    const output = [callItem('{}'), callItem('[]', { call_id: 'call_2' })];
    expect(decode(completed({ output })).toolCalls).toEqual([
      { id: 'call_1', name: 'look', input: {} },
      { id: 'call_2', name: 'look', input: [] },
    ]);
  });

  it('that stand where another one stood are found too', () => {
    const output = [callItem('{"b":1}', { call_id: 'call_2' })];
    expect(decode(itemDone(0, callItem('{"a":1}')), completed({ output })).toolCalls.map(({ id }) => id)).toEqual(['call_1', 'call_2']);
  });

  it('without an id have another in each answer, and the same in the same', () => {
    const idIn = (id: string) => {
      const begun = event('response.created', { response: { id } });
      return decode(begun, itemDone(0, callItem('{}', { call_id: undefined })), completed()).toolCalls[0]?.id;
    };
    expect(idIn('resp_1')).toBe(idIn('resp_1'));
    expect(idIn('resp_1')).not.toBe(idIn('resp_2'));
  });

  it('whose arguments are null have none', () => {
    expect(decode(itemDone(0, callItem('null')), completed()).toolCalls).toMatchObject([{ input: {} }]);
  });

  it('without an id, or with the id of another, get one of their own', () => {
    const { toolCalls } = decode(
      itemDone(0, callItem('{"a":1}', { call_id: undefined })),
      itemDone(1, callItem('{"b":1}')),
      itemDone(2, callItem('{"c":1}')),
      completed(),
    );
    expect(toolCalls.map(({ input }) => input)).toEqual([{ a: 1 }, { b: 1 }, { c: 1 }]);
    expect(new Set(toolCalls.map(({ id }) => id)).size).toBe(3);
    expect(toolCalls.every(({ id }) => id !== '')).toBe(true);
  });

  it('of a custom tool have a text for their input', () => {
    const item = { type: 'custom_tool_call', id: 'ctc_1', call_id: 'call_1', name: 'run' };
    const { events } = decode(
      itemAdded(0, { ...item, input: '' }),
      event('response.custom_tool_call_input.delta', { output_index: 0, delta: 'ls ' }),
      event('response.custom_tool_call_input.delta', { output_index: 0, delta: '-l' }),
      event('response.custom_tool_call_input.done', { output_index: 0, input: 'ls -l' }),
      itemDone(0, { ...item, status: 'completed', input: 'ls -l' }),
      completed(),
    );
    expect(events.slice(0, 3)).toEqual([
      { type: 'tool-input-delta', toolCallId: 'call_1', delta: 'ls ' },
      { type: 'tool-input-delta', toolCallId: 'call_1', delta: '-l' },
      {
        type: 'tool-call',
        toolCallId: 'call_1',
        toolName: 'run',
        input: 'ls -l',
        providerMetadata: { 'openai-responses': { id: 'ctc_1', type: 'custom_tool_call' } },
      },
    ]);
  });

  test.each<[string, SseMessage[]]>([
    ['broken arguments', [itemDone(0, callItem('{"q":'))]],
    ['arguments that stop', [added, argumentsDelta('{"q":')]],
    ['no name', [argumentsDelta('{}')]],
    ['half a text', [itemDone(0, { type: 'custom_tool_call', call_id: 'c', name: 'run', input: 'ls', status: 'incomplete' })]],
  ])('are an error with %s, after those that are whole', (_what, messages) => {
    const { toolCalls, error, finish } = decode(itemDone(5, callItem('{}', { call_id: 'call_5' })), ...messages, completed());
    expect(toolCalls).toHaveLength(1);
    expect(classified(provider, error)).toMatchObject({ category: 'protocol' });
    expect(finish).toBeUndefined();
  });

  test.each(['max_output_tokens', 'content_filter'])('that are not whole are left out where the answer was cut short by %s', (reason) => {
    const { toolCalls, error, finish } = decode(
      itemDone(0, callItem('{"a":1}')),
      itemDone(1, callItem('{"b":', { call_id: 'call_2', status: 'incomplete' })),
      itemDone(2, { type: 'custom_tool_call', call_id: 'call_3', name: 'run', input: 'rm', status: 'incomplete' }),
      itemAdded(3, callItem('', { call_id: 'call_4' })),
      argumentsDelta('{"c"', 3),
      incomplete(reason),
    );
    expect(error).toBeUndefined();
    expect(toolCalls).toEqual([{ id: 'call_1', name: 'look', input: { a: 1 } }]);
    expect(finish?.finishReason).not.toBe('tool-calls');
  });
});

describe.each<[string, unknown]>([
  ['0', 0],
  ['no place', undefined],
])('several items at %s, of which the end repeats nothing', (_place, place) => {
  const numberedCall = (number: number, more: object = {}) =>
    callItem(`{"q":${number}}`, { id: `fc_${number}`, call_id: `call_${number}`, ...more });
  const input = (number: number, item_id: unknown = `fc_${number}`) =>
    event('response.function_call_arguments.delta', { output_index: place, item_id, delta: `{"q":${number}}` });
  const both = [
    { id: 'call_1', name: 'look', input: { q: 1 } },
    { id: 'call_2', name: 'look', input: { q: 2 } },
  ];

  test.each<[string, SseMessage[]]>([
    [
      'one after the other',
      [1, 2].flatMap((number) => [
        itemAdded(place, numberedCall(number, { arguments: '' })),
        input(number),
        itemDone(place, numberedCall(number)),
      ]),
    ],
    ['whole', [itemDone(place, numberedCall(1)), itemDone(place, numberedCall(2))]],
    ['without their beginnings', [1, 2].flatMap((number) => [input(number), itemDone(place, numberedCall(number))])],
    ['without their ends', [1, 2].flatMap((number) => [itemAdded(place, numberedCall(number, { arguments: '' })), input(number)])],
    [
      'interleaved',
      [
        itemAdded(place, numberedCall(1, { arguments: '' })),
        itemAdded(place, numberedCall(2, { arguments: '' })),
        input(2),
        input(1),
        itemDone(place, numberedCall(1)),
        itemDone(place, numberedCall(2)),
      ],
    ],
    [
      'with an id that is new in every event',
      [1, 2].flatMap((number) => [
        itemAdded(place, numberedCall(number, { arguments: '', id: `a_${number}` })),
        input(number, `b_${number}`),
        itemDone(place, numberedCall(number, { id: `c_${number}` })),
      ]),
    ],
    [
      'with one id for all items',
      [1, 2].flatMap((number) => [
        itemAdded(place, numberedCall(number, { arguments: '', id: 'fc' })),
        input(number, 'fc'),
        itemDone(place, numberedCall(number, { id: 'fc' })),
      ]),
    ],
  ])('are all told: calls %s', (_how, messages) => {
    expect(decode(created, ...messages, completed({ output: [] }))).toMatchObject({ toolCalls: both, error: undefined });
    expect(decode(created, ...messages, completed({ output: [numberedCall(1), numberedCall(2)] })).toolCalls).toEqual(both);
  });

  it('are one, where it comes twice', () => {
    const twice = [itemDone(place, numberedCall(1)), itemDone(place, numberedCall(1)), itemDone(place, numberedCall(1, { id: 'fc_9' }))];
    expect(decode(...twice, completed()).toolCalls).toHaveLength(1);
  });

  it('are all told: reasoning, texts and a call', () => {
    const thought = (number: number) => ({ ...reasoning, id: `rs_${number}`, summary: [] });
    const said = (number: number, text: string) => messageItem(text, { id: `msg_${number}` });
    const { events, text, toolCalls } = decode(
      itemAdded(place, thought(1)),
      itemDone(place, thought(1)),
      itemDone(place, thought(2)),
      itemAdded(place, said(1, '')),
      say('One. ', place),
      itemDone(place, said(1, 'One. ')),
      say('Two. ', place),
      say('Three. ', place),
      itemDone(place, said(2, 'Two. Three. ')),
      itemDone(place, said(3, 'Four.')),
      itemDone(place, numberedCall(1)),
      completed({ output: [] }),
    );
    expect(events.flatMap((each) => (each.type === 'provider-item' ? [each.item.id] : []))).toEqual(['rs_1', 'rs_2']);
    expect(text).toBe('One. Two. Three. Four.');
    expect(toolCalls).toHaveLength(1);
    const ids = events.flatMap((each) => (each.type === 'text-delta' ? [each.id] : []));
    expect(new Set(ids).size).toBe(3);
  });

  it('are told once where texts are interleaved', () => {
    const said = (number: number, text: string) => messageItem(text, { id: `msg_${number}` });
    const delta = (number: number, text: string) =>
      event('response.output_text.delta', { output_index: place, content_index: 0, item_id: `msg_${number}`, delta: text });
    const { events, text } = decode(
      itemAdded(place, said(1, '')),
      itemAdded(place, said(2, '')),
      delta(1, 'a'),
      delta(2, 'b'),
      delta(1, 'c'),
      itemDone(place, said(1, 'ac')),
      itemDone(place, said(2, 'b')),
      completed({ output: [] }),
    );
    expect(text).toBe('abc');
    expect(events.flatMap((each) => (each.type === 'text-delta' && each.text ? [each.id] : []))).toEqual([
      'text-0-0',
      'text--1-0',
      'text-0-0',
    ]);
  });
});

describe('what goes back', () => {
  const items = (...messages: SseMessage[]) =>
    decode(...messages).events.flatMap((each) => (each.type === 'provider-item' ? [each.item] : []));

  it('is reasoning as it came, in its place', () => {
    const { events, reasoning: text } = decode(
      event('response.reasoning_summary_text.delta', { output_index: 0, summary_index: 0, delta: 'Hm.' }),
      itemDone(0, reasoning),
      itemDone(1, callItem('{}')),
      completed({ output: [reasoning, callItem('{}')] }),
    );
    expect(text).toBe('Hm.');
    expect(events.map(({ type }) => type)).toEqual(['reasoning-delta', 'provider-item', 'tool-call', 'usage', 'finish']);
    expect(events[1]).toEqual({ type: 'provider-item', format: 'openai-responses', item: reasoning });
  });

  it('is what the provider did itself', () => {
    const search = { type: 'web_search_call', id: 'ws_1', status: 'completed', action: { type: 'search', query: 'q' } };
    const future = { type: 'future_call', id: 'f_1', depth: [1] };
    expect(items(itemAdded(0, search), itemDone(0, search), itemDone(1, future), completed())).toEqual([search, future]);
    expect(items(completed({ output: [search, future, search] }))).toEqual([search, future, search]);
  });

  it('is not half of it', () => {
    expect(items(itemDone(0, { ...reasoning, status: 'incomplete' }), incomplete('max_output_tokens'))).toEqual([]);
  });

  it('is reasoning that the response alone tells, without saying its text again', () => {
    const delta = event('response.reasoning_summary_text.delta', { output_index: 3, summary_index: 0, delta: 'Hm.' });
    const { events, reasoning: text } = decode(delta, completed({ output: [reasoning] }));
    expect(text).toBe('Hm.');
    expect(events[1]).toMatchObject({ type: 'provider-item', item: reasoning });
  });
});

describe('numbers', () => {
  const background = event('response.created', { response: { id: 'resp_1', background: true } });
  const cursorsOf = (messages: readonly SseMessage[]) => {
    const decoder = provider.decoder(head());
    return messages.map((each) => {
      decodeAll({ decode: (one) => decoder.decode(one) }, [each]);
      return decoder.cursor;
    });
  };

  it('that have been read are dropped, and gaps are not minded', () => {
    const [first, a, b, , c, end] = numbered([background, say('a'), say('b'), say('lost'), say('c'), completed()]) as SseMessage[];
    const again = [first, a, b, a, b, c, b, c, end].filter((each) => each !== undefined);
    expect(decode(...again)).toMatchObject({ text: 'abc', finish: { finishReason: 'stop' } });
  });

  it('that are always the same are none', () => {
    const same = [created, say('a'), say('b'), completed()].flatMap((each) => numbered([each]));
    expect(decode(...same).text).toBe('ab');
  });

  it('do not matter where an end or an error comes', () => {
    const begun = numbered([created, say('a'), say('b')]);
    expect(decode(...begun, ...numbered([completed()])).finish?.finishReason).toBe('stop');
    expect(decode(...begun, ...numbered([event('error', { code: 'server_error', message: 'no' })])).error).toBeDefined();
  });

  it('make the cursor of a response in the background', () => {
    expect(cursorsOf(numbered([background, say('a'), say('b')]))).toEqual(['resp_1/0', 'resp_1/1', 'resp_1/2']);
    expect(cursorsOf([background, say('a')])).toEqual([undefined, undefined]);
  });

  it('make none of a response that is not kept', () => {
    expect(cursorsOf(numbered([created, say('a')]))).toEqual([undefined, undefined]);
  });

  const resumed = (...messages: SseMessage[]) => decodeAll(provider.decoder(head(), 'resp_1/6'), numbered(messages, 7));

  it('behind a cursor: what came before it was delivered by another', () => {
    const tail = [
      say('lo'),
      textDone('Hello'),
      itemDone(0, messageItem('Hello', { id: 'msg_1' })),
      itemAdded(1, { type: 'message' }),
      itemDone(1, messageItem('!')),
      itemDone(2, callItem('{"a":1}', { call_id: 'call_2' })),
      completed({ output: [messageItem('Hello'), messageItem('!'), callItem('{"a":1}', { call_id: 'call_2' }), callItem('{}')] }),
    ];
    const { text, toolCalls, finish } = resumed(...tail);
    expect(text).toBe('lo!');
    expect(toolCalls.map(({ id }) => id)).toEqual(['call_2']);
    expect(finish?.finishReason).toBe('tool-calls');
    const nothingLeft = resumed(textDone('Hello'), completed({ output: [messageItem('Hello')] }));
    expect(nothingLeft).toMatchObject({ text: '', finish: { finishReason: 'stop' } });
  });

  test.each<[string, SseMessage[]]>([
    ['in an item that comes whole', [itemDone(0, messageItem('Hello')), completed()]],
    ['in the end of a part', [say('Hel'), textDone('Hello'), completed()]],
    ['in a response that comes alone', [completed({ output: [messageItem('Hello')] })]],
  ])('that begin above 0 without a cursor say nothing of what came before: text is found %s', (_where, messages) => {
    expect(decode(...numbered(messages, 1)).text).toBe('Hello');
  });

  it('that begin above 0 hide no call that stands in the response alone', () => {
    const { toolCalls, finish } = decode(...numbered([say('Hi'), completed({ output: [callItem('{}')] })], 1));
    expect(toolCalls.map(({ id }) => id)).toEqual(['call_1']);
    expect(finish?.finishReason).toBe('tool-calls');
  });
});
