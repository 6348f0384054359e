import { describe, expect, it, test } from 'vitest';
import { defaults } from '../../src/core/defaults.ts';
import type { SseMessage } from '../../src/core/transport.ts';
import { gemini } from '../../src/providers/gemini.ts';
import { classified, decodeAll, done, head, message } from './decoding.ts';

const provider = gemini();
const decode = (...messages: SseMessage[]) => decodeAll(provider.decoder(head()), messages);
const decodeCut = (...messages: SseMessage[]) => decodeAll(provider.decoder(head()), messages, true);

/** A chunk with these parts; `more` is of its candidate, `top` of itself. */
const chunk = (parts: readonly unknown[], more: object = {}, top: object = {}) =>
  message({ candidates: [{ content: { role: 'model', parts }, index: 0, ...more }], modelVersion: 'm', responseId: 'r-1', ...top });
const text = (value: unknown, more: object = {}) => chunk([{ text: value, ...more }]);
const counts = { promptTokenCount: 9, candidatesTokenCount: 2, totalTokenCount: 11 };
const stop = (reason = 'STOP', parts: readonly unknown[] = [{ text: '' }]) =>
  chunk(parts, { finishReason: reason }, { usageMetadata: counts });
const call = (functionCall: object, more: object = {}) => chunk([{ functionCall, ...more }]);
const partial = (...partialArgs: object[]) => call({ partialArgs, willContinue: true });
const more = (jsonPath: string, stringValue: string) => ({ jsonPath, stringValue, willContinue: true });
const finished = { inputTokens: 9, outputTokens: 2, totalTokens: 11, estimated: false };

describe('text and thoughts', () => {
  it('are delivered in order, each part with an id of its own, and finished with the usage', () => {
    expect(decode(text('Weigh', { thought: true }), text(' it', { thought: true }), text('Hel'), text('lo'), stop()).events).toEqual([
      { type: 'reasoning-delta', id: 'reasoning-0', text: 'Weigh' },
      { type: 'reasoning-delta', id: 'reasoning-0', text: ' it' },
      { type: 'text-delta', id: 'text-1', text: 'Hel' },
      { type: 'text-delta', id: 'text-1', text: 'lo' },
      { type: 'usage', usage: finished },
      { type: 'finish', finishReason: 'stop', rawFinishReason: 'STOP', usage: finished },
    ]);
  });

  it('keep their signatures, also one that comes on an empty text at the end', () => {
    const signed = (thoughtSignature: string) => ({ gemini: { thoughtSignature } });
    const { events } = decode(
      text('Hm.', { thought: true, thoughtSignature: 's1' }),
      text('4'),
      stop('STOP', [{ text: '', thoughtSignature: 's2' }]),
    );
    expect(events.slice(0, 3)).toEqual([
      { type: 'reasoning-delta', id: 'reasoning-0', text: 'Hm.', providerMetadata: signed('s1') },
      { type: 'text-delta', id: 'text-1', text: '4' },
      { type: 'text-delta', id: 'text-1', text: '', providerMetadata: signed('s2') },
    ]);
  });

  it('that follow a signature are another part', () => {
    const { events } = decode(text('a', { thoughtSignature: 's' }), text('b'), chunk([{ thoughtSignature: 't' }]), text('c'));
    expect(events.map((each) => 'id' in each && each.id)).toEqual(['text-0', 'text-1', 'text-1', 'text-2']);
  });

  test.each<[string, SseMessage[], string]>([
    ['several parts in a chunk', [chunk([{ text: 'a' }, { text: 'b' }])], 'ab'],
    ['a chunk of nothing but usage', [message({ usageMetadata: counts }), text('a')], 'a'],
    ['content without parts', [message({ candidates: [{ content: { role: 'model' } }] }), text('a')], 'a'],
    ['no content', [message({ candidates: [{ index: 0 }] }), text('a')], 'a'],
    ['no candidates', [message({ candidates: [] }), message({ candidates: null }), message({}), text('a')], 'a'],
    ['feedback on a prompt that passed', [message({ promptFeedback: { safetyRatings: [] } }), text('a')], 'a'],
    ['empty parts, null parts and null texts', [chunk([{}, null, { text: null }, { text: 'a' }])], 'a'],
    ['a number as text', [text(7)], '7'],
    ['a candidate without an index', [message({ candidates: [{ content: { parts: [{ text: 'a' }] } }] })], 'a'],
    ['other candidates', [message({ candidates: [{ index: 1, content: { parts: [{ text: 'x' }] } }] }), text('a')], 'a'],
    ['error: null', [chunk([{ text: 'a' }], {}, { error: null })], 'a'],
    ['chunks in an array', [message([{ candidates: [{ content: { parts: [{ text: 'a' }] } }] }])], 'a'],
    ['keep-alives', [message('[ping', 'ping'), message(': ping'), message('', 'ping'), text('a')], 'a'],
    ['unknown members', [chunk([{ text: 'a', novelty: 1 }], { novelty: 1 }, { novelty: 1 })], 'a'],
  ])('%s', (_name, messages, joined) => {
    expect(decode(...messages, stop())).toMatchObject({ text: joined, error: undefined, finish: { finishReason: 'stop' } });
  });
});

describe('the end', () => {
  test.each<[string, SseMessage[], string | undefined]>([
    ['a finish reason with usage', [text('a'), stop()], 'stop'],
    ['a finish reason, then the usage alone', [text('a'), chunk([], { finishReason: 'STOP' }), message({ usageMetadata: counts })], 'stop'],
    ['a finish reason, then [DONE] from a gateway', [text('a'), chunk([], { finishReason: 'STOP' }), done], 'stop'],
    ['what follows is dropped', [text('a'), stop(), text('b'), stop('OTHER')], 'stop'],
    ['a finish reason without usage is none yet', [text('a'), chunk([], { finishReason: 'STOP' })], undefined],
    ['an unspecified finish reason is none', [text('a'), stop('FINISH_REASON_UNSPECIFIED')], undefined],
    ['[DONE] without a finish reason is none', [text('a'), done], undefined],
    ['a finish reason on the first chunk may be on each', [stop('STOP', [{ text: 'a' }])], undefined],
  ])('%s', (_name, messages, finishReason) => {
    const { events, finish, error, text: said } = decodeCut(...messages);
    expect({ said, error, reason: finish?.finishReason }).toEqual({ said: 'a', error: undefined, reason: finishReason });
    expect(events.filter((each) => each.type === 'finish')).toHaveLength(finishReason === undefined ? 0 : 1);
  });

  test.each<[string, SseMessage[], string | undefined]>([
    ['after a finish reason', [text('a'), chunk([], { finishReason: 'MAX_TOKENS' })], 'length'],
    ['after an answer of one chunk', [stop('STOP', [{ text: 'a' }])], 'stop'],
    ['after a finish reason on every chunk', [stop('STOP', [{ text: 'a' }]), stop('STOP', [{ text: 'b' }]), stop('OTHER')], 'other'],
    ['without a finish reason is none', [text('a')], undefined],
    ['of nothing is none', [], undefined],
  ])('of the body, %s', (_name, messages, finishReason) => {
    expect(decode(...messages).finish?.finishReason).toBe(finishReason);
  });

  it('loses no text where every chunk has a finish reason', () => {
    expect(decode(stop('STOP', [{ text: 'a' }]), stop('STOP', [{ text: 'b' }])).text).toBe('ab');
  });

  test.each([
    ['STOP', 'stop'],
    ['MAX_TOKENS', 'length'],
    ['SAFETY', 'content-filter'],
    ['RECITATION', 'content-filter'],
    ['BLOCKLIST', 'content-filter'],
    ['PROHIBITED_CONTENT', 'content-filter'],
    ['SPII', 'content-filter'],
    ['IMAGE_SAFETY', 'content-filter'],
    ['IMAGE_PROHIBITED_CONTENT', 'content-filter'],
    ['IMAGE_RECITATION', 'content-filter'],
    ['IMAGE_OTHER', 'other'],
    ['NO_IMAGE', 'other'],
    ['LANGUAGE', 'other'],
    ['OTHER', 'other'],
    ['NOVELTY', 'other'],
  ])('%s is %s, also without content', (raw, finishReason) => {
    const { finish, error } = decode(message({ candidates: [{ finishReason: raw }] }));
    expect({ error, finish }).toMatchObject({ error: undefined, finish: { finishReason, rawFinishReason: raw } });
  });

  test.each([
    ['MALFORMED_FUNCTION_CALL', 'protocol', true],
    ['MALFORMED_RESPONSE', 'protocol', true],
    ['UNEXPECTED_TOOL_CALL', 'protocol', true],
    ['TOO_MANY_TOOL_CALLS', 'protocol', true],
    ['MISSING_THOUGHT_SIGNATURE', 'invalid-request', false],
  ])('%s is an error, %s, and quotes nothing of the model', (raw, category, retryable) => {
    const { error, finish } = decode(
      message({ candidates: [{ finishReason: raw, finishMessage: 'Malformed function call: rate limit' }] }),
    );
    expect(finish).toBeUndefined();
    expect(classified(provider, error)).toMatchObject({ category, retryable, code: raw, detail: undefined });
  });
});

describe('usage', () => {
  test.each<[string, object[], object]>([
    ['is cumulative: the last holds', [{ promptTokenCount: 9, candidatesTokenCount: 1, totalTokenCount: 10 }, counts], finished],
    ['may go down', [{ ...counts, totalTokenCount: 30, candidatesTokenCount: 21 }, counts], finished],
    ['is nothing where only the kind of traffic is told', [{ trafficType: 'ON_DEMAND' }, counts], finished],
    [
      'counts thoughts as output, and what tools read as input',
      [{ promptTokenCount: 17, toolUsePromptTokenCount: 308, candidatesTokenCount: 37, thoughtsTokenCount: 333, totalTokenCount: 695 }],
      { inputTokens: 325, outputTokens: 370, reasoningTokens: 333, totalTokens: 695, estimated: false },
    ],
    [
      'counts what the cache held',
      [{ promptTokenCount: 12, cachedContentTokenCount: 4 }],
      { inputTokens: 12, outputTokens: 0, totalTokens: 12, cachedInputTokens: 4, estimated: false },
    ],
    [
      'is unknown where nothing is told',
      [{ trafficType: 'ON_DEMAND' }],
      { inputTokens: 0, outputTokens: 0, totalTokens: 0, estimated: true },
    ],
    ['is unknown where it is no number', [{ promptTokenCount: 'x' }, null as unknown as object], { totalTokens: 0, estimated: true }],
  ])('%s', (_name, all, usage) => {
    const chunks = all.map((usageMetadata, index) =>
      chunk([{ text: 'a' }], index === all.length - 1 ? { finishReason: 'STOP' } : {}, { usageMetadata }),
    );
    expect(decode(...chunks).finish?.usage).toMatchObject(usage);
  });

  it('is told at first, as an estimate, and at the end', () => {
    const grown = (count: number) =>
      chunk([{ text: 'a' }], {}, { usageMetadata: { promptTokenCount: 9, candidatesTokenCount: count, totalTokenCount: 9 + count } });
    const told = decode(
      grown(1),
      grown(1),
      grown(2),
      chunk([], { finishReason: 'STOP' }, { usageMetadata: { promptTokenCount: 9, candidatesTokenCount: 3, totalTokenCount: 12 } }),
    ).events.filter((each) => each.type === 'usage');
    expect(told.map(({ usage }) => [usage.totalTokens, usage.estimated])).toEqual([
      [10, true],
      [12, false],
    ]);
  });

  it('stays an estimate where the end tells none', () => {
    const chunks = [chunk([{ text: 'a' }], {}, { usageMetadata: counts }), chunk([], { finishReason: 'STOP' })];
    expect(decode(...chunks).finish?.usage).toEqual({ ...finished, estimated: true });
  });
});

describe('tool calls', () => {
  const open = call({ id: 'c1', name: 'look', willContinue: true });
  const ended = (id: string, input: unknown, name = 'look') => ({ id, name, input });

  test.each<[string, SseMessage[], object[]]>([
    ['whole, with an id', [call({ id: 'c1', name: 'look', args: { q: 'a' } })], [ended('c1', { q: 'a' })]],
    ['without args', [call({ id: 'c1', name: 'look' })], [ended('c1', {})]],
    ['with args that are null', [call({ id: 'c1', name: 'look', args: null })], [ended('c1', {})]],
    ['with args as text', [call({ id: 'c1', name: 'look', args: '{"q":"a"}' })], [ended('c1', { q: 'a' })]],
    [
      'two in one chunk',
      [chunk([{ functionCall: { id: 'c1', name: 'look', args: {} } }, { functionCall: { id: 'c2', name: 'now', args: { q: 1 } } }])],
      [ended('c1', {}), ended('c2', { q: 1 }, 'now')],
    ],
    [
      'value by value, ended by an empty one',
      [open, partial(more('$.q', 'Bos')), partial({ jsonPath: '$.q', stringValue: 'ton' }), call({})],
      [ended('c1', { q: 'Boston' })],
    ],
    [
      'value by value, ended by the last of them',
      [open, partial(more('$.q', 'Boston')), call({ partialArgs: [{ jsonPath: '$.q', stringValue: '' }] })],
      [ended('c1', { q: 'Boston' })],
    ],
    ['value by value, ended by nobody', [open, partial({ jsonPath: '$.n', numberValue: 0.5 })], [ended('c1', { n: 0.5 })]],
    [
      'value by value, ended by the next',
      [
        open,
        partial({ jsonPath: '$.b', boolValue: false }),
        call({ id: 'c2', name: 'look', partialArgs: [{ jsonPath: '$.z', nullValue: null }], willContinue: true }),
        call({ id: 'c2', name: 'look', willContinue: true }),
        call({}),
        call({}),
      ],
      [ended('c1', { b: false }), ended('c2', { z: null })],
    ],
    [
      'deep in objects and arrays',
      [
        open,
        partial(more('$.a[0].b', 'x'), { jsonPath: '$.a[0].b', stringValue: 'y' }),
        call({ willContinue: true }),
        partial({ jsonPath: '$.a[0].c', numberValue: 1 }, { jsonPath: '$.a[1].b', stringValue: 'z' }),
        partial({ jsonPath: "$['it\\'s \"so\"'].d", nullValue: 'NULL_VALUE' }, { jsonPath: '$["e.f"][0][0]', boolValue: true }),
        call({}),
      ],
      [ended('c1', { a: [{ b: 'xy', c: 1 }, { b: 'z' }], 'it\'s "so"': { d: null }, 'e.f': [[true]] })],
    ],
    [
      'with quotes, line ends and half characters in pieces',
      [open, partial(more('$.q', '"\n\ud83d'), more('$.q', '\ude00')), partial({ jsonPath: '$.q' }), call({})],
      [ended('c1', { q: '"\n😀' })],
    ],
  ])('%s', (_name, messages, calls) => {
    const { toolCalls, finish, error, events } = decode(...messages, stop());
    expect(error).toBeUndefined();
    expect(toolCalls).toEqual(calls);
    expect(finish?.finishReason).toBe('tool-calls');
    for (const { id, input } of toolCalls) {
      const told = events.flatMap((each) => (each.type === 'tool-input-delta' && each.toolCallId === id ? [each.delta] : [])).join('');
      if (told !== '') expect(JSON.parse(told)).toEqual(input);
    }
  });

  it('tell their input as it grows', () => {
    const last = { jsonPath: '$.q', stringValue: 'on' };
    const { events } = decode(open, partial(more('$.q', 'Bos')), partial(more('$.q', 't')), partial(last), call({}));
    expect(events.flatMap((each) => (each.type === 'tool-input-delta' ? [each.delta] : []))).toEqual(['{"q":"Bos', 't', 'on"', '}']);
    expect(events.at(-1)).toMatchObject({ type: 'tool-call', input: { q: 'Boston' } });
  });

  it('keep their signature and the id that is Gemini’s own', () => {
    const { events } = decode(
      call({ id: 'c1', name: 'look' }, { thoughtSignature: 's1' }),
      call({ name: 'look', willContinue: true }, { thoughtSignature: 's2' }),
      call({}),
      call({ name: 'look' }),
    );
    expect(events.map((each) => each.type === 'tool-call' && each.providerMetadata)).toEqual([
      { gemini: { id: 'c1', thoughtSignature: 's1' } },
      { gemini: { thoughtSignature: 's2' } },
      undefined,
    ]);
  });

  it('without an id get one, each another and the same each time', () => {
    const ids = () =>
      decode(call({ name: 'look' }), call({ id: 'c1', name: 'look' }), call({ id: 'c1', name: 'look' }), call({ name: 'look' }), stop());
    const first = ids().toolCalls.map(({ id }) => id);
    expect(new Set(first).size).toBe(4);
    expect(first).toContain('c1');
    expect(ids().toolCalls.map(({ id }) => id)).toEqual(first);
  });

  it('without an id get another in every turn, also where the answer has none', () => {
    const idOf = () =>
      decode(message({ candidates: [{ content: { parts: [{ functionCall: { name: 'look' } }] }, finishReason: 'STOP' }] }));
    expect(idOf().toolCalls[0]?.id).not.toBe(idOf().toolCalls[0]?.id);
  });

  test.each<[string, SseMessage[]]>([
    ['within a value', [open, partial(more('$.q', 'Bos'))]],
    ['between values', [open, partial({ jsonPath: '$.q', stringValue: 'Boston' })]],
    ['before the first', [open]],
  ])('cut off by the limit on tokens %s are left out', (_name, messages) => {
    const { toolCalls, finish, error } = decode(text('a'), ...messages, stop('MAX_TOKENS'));
    expect({ toolCalls, error }).toEqual({ toolCalls: [], error: undefined });
    expect(finish?.finishReason).toBe('length');
  });

  test.each<[string, SseMessage[]]>([
    ['that ends within a value', [open, partial(more('$.q', 'Bos')), stop()]],
    ['that is ended within a value', [open, partial(more('$.q', 'Bos')), call({})]],
    ['that the next one cuts off', [open, partial(more('$.q', 'Bos')), call({ name: 'now' })]],
    ['without a name', [call({ args: { q: 'a' } })]],
    ['with a list as args', [call({ name: 'look', args: [1] })]],
    ['with args that are no JSON', [call({ name: 'look', args: '{"q":' })]],
    ['with a huge index', [open, partial({ jsonPath: '$.a[999999999]', numberValue: 1 })]],
    ['with an index that no array has', [open, partial({ jsonPath: '$.a[99999999999999]', numberValue: 1 })]],
    ['with a gap in an array', [open, partial({ jsonPath: '$.a[1]', numberValue: 1 })]],
    ['with an array at the top', [open, partial({ jsonPath: '$[0]', numberValue: 1 })]],
    ['with a value twice', [open, partial({ jsonPath: '$.a', numberValue: 1 }, { jsonPath: '$.a', numberValue: 2 })]],
    [
      'that comes back to what it left',
      [open, partial({ jsonPath: '$.a.x', numberValue: 1 }, { jsonPath: '$.b', numberValue: 2 }, { jsonPath: '$.a.y', numberValue: 3 })],
    ],
    [
      'with an object that becomes an array',
      [open, partial({ jsonPath: '$.a.x', numberValue: 1 }, { jsonPath: '$.a[0]', numberValue: 2 })],
    ],
    ['with a path to everything', [open, partial({ jsonPath: '$..a', numberValue: 1 })]],
    ['with a path to nowhere', [open, partial({ jsonPath: '$', numberValue: 1 })]],
    ['with a path of another kind', [open, partial({ jsonPath: 'a', numberValue: 1 })]],
    ['without a path', [open, partial({ numberValue: 1 })]],
    ['with a path that is very deep', [open, partial({ jsonPath: `$${'.a'.repeat(1_000)}`, numberValue: 1 })]],
    ['without a value', [open, partial({ jsonPath: '$.a' })]],
    ['with a text that becomes a number', [open, partial({ ...more('$.a', 'x') }), partial({ jsonPath: '$.a', stringValue: 1 })]],
    ['with an entry that is none', [open, partial(null as unknown as object)]],
  ])('%s is an error, and no call', (_name, messages) => {
    const { toolCalls, error, finish } = decode(text('a'), ...messages);
    expect({ toolCalls, finish }).toEqual({ toolCalls: [], finish: undefined });
    expect(classified(provider, error)).toMatchObject({ category: 'protocol', retryable: true });
  });

  it('reach nothing through the names of their arguments', () => {
    const { toolCalls } = decode(
      open,
      partial({ jsonPath: '$.__proto__.polluted', boolValue: true }, { jsonPath: '$.constructor.prototype.polluted', boolValue: true }),
      call({}),
    );
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    expect(Object.keys(toolCalls[0]?.input as object)).toEqual(['__proto__', 'constructor']);
  });

  it('are limited in length and number', () => {
    const piece = 'x'.repeat(1_048_576);
    const long = Array.from({ length: 5 }, () => partial(more('$.q', piece)));
    expect(classified(provider, decode(open, ...long).error).category).toBe('protocol');
    const many = Array.from({ length: defaults.decoder.maxToolCalls + 1 }, () => call({ name: 'look' }));
    expect(classified(provider, decode(...many).error).category).toBe('protocol');
  });
});

describe('other parts', () => {
  it('are kept as they came, in their place', () => {
    const parts = [
      { executableCode: { language: 'PYTHON', code: '1+1' } },
      { codeExecutionResult: { outcome: 'OUTCOME_OK', output: '2' } },
      { inlineData: { mimeType: 'image/png', data: 'AAAA' }, thoughtSignature: 's' },
      { fileData: { fileUri: 'https://a.example' } },
    ];
    const { events } = decode(text('a'), chunk(parts), text('b'), stop());
    expect(events.filter((each) => each.type === 'provider-item')).toEqual(
      parts.map((item) => ({ type: 'provider-item', format: 'gemini', item })),
    );
    expect(events.flatMap((each) => (each.type === 'text-delta' ? [each.id] : []))).toEqual(['text-0', 'text-5']);
  });

  it('are sources where they cite, each once', () => {
    const groundingMetadata = {
      groundingChunks: [{ web: { uri: 'https://a.example', title: 'A' } }, { retrievedContext: { uri: 'gs://b/c' } }, {}, null],
    };
    const { events } = decode(
      chunk([{ text: 'a' }], { groundingMetadata }),
      chunk([{ text: 'b' }], { groundingMetadata, citationMetadata: { citationSources: [{ uri: 'https://d.example' }] } }),
      chunk([{ text: 'c' }], { groundingMetadata: {}, citationMetadata: { citations: [{ uri: 'https://e.example', title: 'E' }] } }),
    );
    expect(events.filter(({ type }) => type === 'source')).toEqual([
      { type: 'source', url: 'https://a.example', title: 'A' },
      { type: 'source', url: 'gs://b/c' },
      { type: 'source', url: 'https://d.example' },
      { type: 'source', url: 'https://e.example', title: 'E' },
    ]);
  });
});

describe('errors', () => {
  const failed = (code: number, status: string, more: object = {}) => ({ error: { code, status, message: 'x', ...more } });
  const quota = (quotaId: string) => ({ '@type': 'type.googleapis.com/google.rpc.QuotaFailure', violations: [{ quotaId }] });
  const wait = { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '34.4s' };
  const perDay = quota('GenerateRequestsPerDayPerProjectPerModel-FreeTier');

  test.each<[string, object, object]>([
    ['overloaded', failed(503, 'UNAVAILABLE'), { category: 'overloaded', code: 'UNAVAILABLE' }],
    ['internal', failed(500, 'INTERNAL'), { category: 'server-error', retryable: true }],
    ['deadline', failed(504, 'DEADLINE_EXCEEDED'), { category: 'timeout' }],
    ['invalid argument', failed(400, 'INVALID_ARGUMENT'), { category: 'invalid-request', retryable: false }],
    ['not found', failed(404, 'NOT_FOUND'), { category: 'not-found' }],
    ['permission', failed(403, 'PERMISSION_DENIED'), { category: 'permission-denied' }],
    ['unauthenticated', failed(401, 'UNAUTHENTICATED'), { category: 'authentication' }],
    ['a key that is none', failed(400, 'INVALID_ARGUMENT', { details: [{ reason: 'API_KEY_INVALID' }] }), { category: 'authentication' }],
    [
      'a limit of a minute',
      failed(429, 'RESOURCE_EXHAUSTED', { details: [quota('GenerateRequestsPerMinutePerProjectPerModel-FreeTier'), wait] }),
      { category: 'rate-limit', retryable: true, retryAfterMs: 34_400 },
    ],
    [
      'a limit of a day',
      failed(429, 'RESOURCE_EXHAUSTED', { details: [quota('PerMinute'), perDay, wait] }),
      { category: 'quota-exhausted', retryable: false },
    ],
    [
      'a wait in words',
      failed(429, 'RESOURCE_EXHAUSTED', { message: 'Please retry in 10h17m5.72s.' }),
      { category: 'rate-limit', retryAfterMs: 37_025_720 },
    ],
  ])('%s, inside the stream and as an array too', (_name, body, expected) => {
    for (const sent of [message(body), message([body])]) {
      const { text: said, error, finish } = decode(text('Hel'), sent, stop());
      expect({ said, finish }).toEqual({ said: 'Hel', finish: undefined });
      expect(classified(provider, error)).toMatchObject(expected);
    }
    const { code } = (body as { error: { code: number } }).error;
    for (const answer of [body, [body]]) {
      expect(classified(provider, { status: code, body: answer, headers: new Headers() })).toMatchObject(expected);
    }
  });

  it('deliver what came in the same chunk', () => {
    const { text: said, error } = decode(chunk([{ text: 'a' }], {}, failed(503, 'UNAVAILABLE')));
    expect(said).toBe('a');
    expect(classified(provider, error).category).toBe('overloaded');
  });

  test.each(['SAFETY', 'OTHER', 'BLOCKLIST', 'PROHIBITED_CONTENT', 'IMAGE_SAFETY', 'MODEL_ARMOR', 'JAILBREAK'])(
    'a prompt blocked for %s is a content filter, and no empty success',
    (blockReason) => {
      const { events, error } = decode(
        message({ promptFeedback: { blockReason }, usageMetadata: { promptTokenCount: 9, totalTokenCount: 9 } }),
      );
      expect(events).toEqual([{ type: 'usage', usage: { inputTokens: 9, outputTokens: 0, totalTokens: 9, estimated: true } }]);
      expect(classified(provider, error)).toMatchObject({ category: 'content-filter', retryable: false, code: blockReason });
    },
  );

  test.each<[string, object]>([
    ['that is empty', { index: 0 }],
    ['with content that is empty', { content: { role: 'model', parts: [] } }],
    ['with a text that is empty', { content: { parts: [{ text: '' }] } }],
  ])('a prompt that is blocked is one beside a candidate %s', (_what, candidate) => {
    const { error } = decode(message({ candidates: [candidate], promptFeedback: { blockReason: 'SAFETY' } }));
    expect(classified(provider, error)).toMatchObject({ category: 'content-filter', retryable: false });
  });

  test.each([undefined, '', 'BLOCK_REASON_UNSPECIFIED'])('what is said of a prompt with the reason %j blocks nothing', (blockReason) => {
    const promptFeedback = { blockReason, safetyRatings: [] };
    expect(decode(message({ candidates: [{ index: 0 }], promptFeedback }), text('a'), stop()).error).toBeUndefined();
  });

  it('not JSON is a protocol error', () => {
    expect(classified(provider, decode(text('a'), message('{"candidates":[')).error).category).toBe('protocol');
    expect(classified(provider, decode(text('a'), message('[{"candidates":[')).error).category).toBe('protocol');
  });
});
