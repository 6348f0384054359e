import { describe, expect, it, test } from 'vitest';
import type { RequestContext } from '../../src/core/context.ts';
import type { Message, Part, StreamRequest } from '../../src/core/request.ts';
import { ResultBuilder } from '../../src/core/result-builder.ts';
import type { SseMessage } from '../../src/core/transport.ts';
import { type OpenAIResponsesOptions, openaiResponses } from '../../src/providers/openai-responses.ts';
import { parseResponsesCursor } from '../../src/providers/openai-responses-sequence.ts';
import { providerConformance } from '../../src/testing/index.ts';
import { decodeAll, head } from './decoding.ts';
import {
  argumentsDelta,
  callItem,
  completed,
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

const context: RequestContext = { requestId: 'req_1', attempt: 1, signal: new AbortController().signal };
const hello: StreamRequest = { model: 'm-1', messages: [{ role: 'user', content: 'Hi' }] };
const local = { baseURL: 'http://localhost:8000/v1' };
const bodyOf = (request: StreamRequest, options?: OpenAIResponsesOptions) =>
  JSON.parse(openaiResponses(options).request(request, context).body ?? '');
const inputOf = (messages: readonly Message[], options?: OpenAIResponsesOptions) => bodyOf({ ...hello, messages }, options).input;
const answered = (...content: Part[]): Message[] => [...hello.messages, { role: 'assistant', content }];
const invalid = (reason: RegExp) => expect.objectContaining({ category: 'invalid-request', reason: expect.stringMatching(reason) });
const of = (metadata: Record<string, unknown>) => ({ providerMetadata: { 'openai-responses': metadata } });
const result: Message = { role: 'tool', content: [{ type: 'tool-result', toolCallId: 'call_1', toolName: 'look', output: { a: 1 } }] };
const reasoning = { type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: 'Hm.' }], encrypted_content: 'enc' };
const thought: Part = { type: 'provider-item', format: 'openai-responses', item: reasoning };

describe('the request', () => {
  it('is plain data: address, headers and body', () => {
    const request = openaiResponses({ apiKey: 'sk-1', organization: 'org', project: 'proj' }).request(hello, {
      ...context,
      idempotencyKey: 'idem-1',
    });
    expect({ ...request, body: JSON.parse(request.body ?? '') }).toEqual({
      url: 'https://api.openai.com/v1/responses',
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'text/event-stream',
        authorization: 'Bearer sk-1',
        'openai-organization': 'org',
        'openai-project': 'proj',
        'x-client-request-id': 'req_1',
        'idempotency-key': 'idem-1',
      },
      body: {
        model: 'm-1',
        input: [{ role: 'user', content: 'Hi' }],
        stream_options: { include_obfuscation: false },
        stream: true,
      },
    });
  });

  it('carries every field', () => {
    const request: StreamRequest = {
      ...hello,
      tools: [{ name: 'look', description: 'Looks', inputSchema: { type: 'object' } }],
      toolChoice: { toolName: 'look' },
      temperature: 0,
      maxOutputTokens: 50,
      stop: [],
      seed: 1,
      reasoningEffort: 'low',
      responseFormat: { type: 'json-schema', name: 'answer', schema: { type: 'object' } },
      metadata: { a: 'b' },
    };
    expect(bodyOf(request, { ...local, reasoningSummary: 'auto' })).toEqual({
      model: 'm-1',
      input: [{ role: 'user', content: 'Hi' }],
      tools: [{ type: 'function', name: 'look', description: 'Looks', parameters: { type: 'object' }, strict: false }],
      tool_choice: { type: 'function', name: 'look' },
      temperature: 0,
      max_output_tokens: 50,
      reasoning: { effort: 'low', summary: 'auto' },
      text: { format: { type: 'json_schema', name: 'answer', schema: { type: 'object' }, strict: true } },
      metadata: { a: 'b' },
      stream: true,
    });
    expect(bodyOf({ ...hello, responseFormat: { type: 'json' } }).text).toEqual({ format: { type: 'json_object' } });
    expect(bodyOf({ ...hello, responseFormat: { type: 'text' } }).text).toEqual({ format: { type: 'text' } });
    expect(bodyOf({ ...hello, toolChoice: 'required' })).not.toHaveProperty('tool_choice');
  });

  it('with stop is refused by the name of the field, for the API has no such thing', () => {
    expect(() => bodyOf({ ...hello, stop: ['END'] })).toThrow(invalid(/ stop$/));
  });

  it('asks for encrypted reasoning where nothing is kept, whoever says so', () => {
    const include = ['reasoning.encrypted_content'];
    expect(bodyOf(hello, { store: false })).toMatchObject({ store: false, include });
    expect(bodyOf({ ...hello, providerOptions: { openai: { store: false, include: ['x'] } } })).toMatchObject({
      include: ['x', ...include],
    });
    expect(bodyOf({ ...hello, providerOptions: { openai: { store: true } } }, { store: false })).not.toHaveProperty('include');
    expect(bodyOf(hello)).not.toHaveProperty('store');
  });

  it('is merged with the options for OpenAI, for the format and for the name, in this order', () => {
    const providerOptions = {
      openai: { a: 1, b: 1, c: 1, tools: [{ type: 'web_search' }], text: { verbosity: 'low' }, stream: false },
      'openai-responses': { b: 2, c: 2, reasoning: { summary: 'auto' } },
      mine: { c: 3 },
      other: { d: 4 },
    };
    const request: StreamRequest = {
      ...hello,
      providerOptions,
      reasoningEffort: 'high',
      responseFormat: { type: 'json' },
      tools: [{ name: 'look', inputSchema: {} }],
    };
    const body = bodyOf(request, { ...local, name: 'mine' });
    expect(body).toMatchObject({ a: 1, b: 2, c: 3, stream: true });
    expect(body).not.toHaveProperty('d');
    expect(body.reasoning).toEqual({ effort: 'high', summary: 'auto' });
    expect(body.text).toEqual({ format: { type: 'json_object' }, verbosity: 'low' });
    expect(body.tools.map(({ type }: { type: string }) => type)).toEqual(['function', 'web_search']);
    expect(bodyOf({ ...hello, providerOptions: { openai: { reasoning: null } } }).reasoning).toBeNull();
  });

  it('is a raw body as it is', () => {
    expect(bodyOf({ ...hello, stop: ['END'], rawBody: { input: 'x' } })).toEqual({ input: 'x' });
  });

  test.each<[object, RegExp]>([
    [{ store: 'no' }, /store must be true or false/],
    [{ reasoningSummary: 'long' }, /reasoningSummary must be one of/],
    [{ organization: '' }, /organization/],
    [{ models: 1 }, /models is not an option/],
  ])('is not made with the options %j', (options, words) => {
    expect(() => openaiResponses(options as OpenAIResponsesOptions)).toThrow(TypeError);
    expect(() => openaiResponses(options as OpenAIResponsesOptions)).toThrow(words);
  });

  it('is not made without options that are an object', () => {
    expect(() => openaiResponses(null as never)).toThrow(/openaiResponses: the options must be an object/);
  });
});

describe('the input', () => {
  it('has every message in its place, with images and the results of tools', () => {
    const png = new Uint8Array([1, 2, 3]);
    const messages: Message[] = [
      { role: 'system', content: 'Be brief.' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What?' },
          { type: 'image', url: 'https://a.example/a.png' },
          { type: 'image', data: png, mediaType: 'image/png' },
        ],
      },
      { role: 'assistant', content: [{ type: 'tool-call', toolCallId: 'call_1', toolName: 'look', input: { q: 1 } }] },
      result,
      { role: 'system', content: 'Be kind.' },
      { role: 'user', content: '' },
    ];
    expect(inputOf(messages)).toEqual([
      { role: 'system', content: 'Be brief.' },
      {
        role: 'user',
        content: [
          { type: 'input_text', text: 'What?' },
          { type: 'input_image', detail: 'auto', image_url: 'https://a.example/a.png' },
          { type: 'input_image', detail: 'auto', image_url: 'data:image/png;base64,AQID' },
        ],
      },
      { type: 'function_call', call_id: 'call_1', name: 'look', arguments: '{"q":1}' },
      { type: 'function_call_output', call_id: 'call_1', output: '{"a":1}' },
      { role: 'system', content: 'Be kind.' },
      { role: 'user', content: '' },
    ]);
  });

  it('has texts with what came along as the messages that they were', () => {
    const texts: Part[] = [
      { type: 'text', text: 'a' },
      { type: 'text', text: 'b', ...of({ id: 'msg_1', phase: 'commentary' }) },
      { type: 'text', text: 'c' },
    ];
    const content = ['a', 'b'].map((text) => ({ type: 'output_text', text, annotations: [] }));
    const first = { type: 'message', role: 'assistant', status: 'completed', content };
    const last = { role: 'assistant', content: 'c' };
    expect(inputOf(answered(...texts)).slice(1)).toEqual([{ ...first, id: 'msg_1', phase: 'commentary' }, last]);
    // A server that keeps nothing knows no ids.
    expect(inputOf(answered(...texts), { store: false }).slice(1)).toEqual([{ ...first, phase: 'commentary' }, last]);
  });

  it('has no ids that are too long for it, as gateways make them', () => {
    const text: Part = { type: 'text', text: 'a', ...of({ id: 'x'.repeat(65) }) };
    expect(inputOf(answered(text))[1]).toEqual({ role: 'assistant', content: 'a' });
  });

  it('has calls of custom tools, and their results, as such', () => {
    const call: Part = { type: 'tool-call', toolCallId: 'call_1', toolName: 'run', input: 'ls', ...of({ type: 'custom_tool_call' }) };
    expect(inputOf([...answered(call), result]).slice(1)).toEqual([
      { type: 'custom_tool_call', call_id: 'call_1', name: 'run', input: 'ls' },
      { type: 'custom_tool_call_output', call_id: 'call_1', output: '{"a":1}' },
    ]);
  });

  it('leaves out what is of another format', () => {
    const foreign: Part[] = [
      { type: 'reasoning', text: 'Hm', providerMetadata: { anthropic: { signature: 's' } } },
      { type: 'provider-item', format: 'anthropic', item: { type: 'x' } },
      { type: 'text', text: 'a', providerMetadata: { gemini: { thoughtSignature: 's' } } },
    ];
    expect(inputOf(answered(...foreign)).slice(1)).toEqual([{ role: 'assistant', content: 'a' }]);
  });

  it('has no reasoning that led to nothing, which OpenAI refuses', () => {
    const text: Part = { type: 'text', text: 'a' };
    const types = (messages: readonly Message[]) => inputOf(messages).map(({ type, role }: Record<string, string>) => type ?? role);
    expect(types([...answered(thought), ...hello.messages])).toEqual(['user', 'user']);
    expect(types(answered(thought))).toEqual(['user']);
    expect(types([...answered(thought, thought), { role: 'assistant', content: 'b' }])).toEqual([
      'user',
      'reasoning',
      'reasoning',
      'assistant',
    ]);
    expect(types([...answered(text, thought), result])).toEqual(['user', 'assistant', 'function_call_output']);
  });

  it('has no reasoning without its encrypted content where nothing is kept', () => {
    const { encrypted_content: _, ...bare } = reasoning;
    const lost: Part = { type: 'provider-item', format: 'openai-responses', item: bare };
    const text: Part = { type: 'text', text: 'a' };
    expect(inputOf(answered(lost, text), { store: false })).toHaveLength(2);
    expect(inputOf(answered(lost, text))).toHaveLength(3);
    expect(inputOf(answered(thought, text), { store: false })).toHaveLength(3);
  });

  test.each<[Message, RegExp]>([
    [{ role: 'assistant', content: [{ type: 'image', url: 'https://a.example' }] }, /an assistant message cannot hold an image/],
    [
      { role: 'user', content: [{ type: 'tool-call', toolCallId: 'c', toolName: 'n', input: {} }] },
      /a user message cannot hold a tool call/,
    ],
    [{ role: 'tool', content: 'x' }, /a tool message must hold tool results/],
    [{ role: 'tool', content: [] }, /a tool message must hold tool results/],
  ])('refuses %j', (message, words) => {
    expect(() => inputOf([message])).toThrow(invalid(words));
  });
});

describe('an answer', () => {
  const messagesOf = (...messages: SseMessage[]) => {
    const builder = new ResultBuilder();
    for (const each of decodeAll(openaiResponses().decoder(head()), messages).events) builder.add(each);
    return builder.snapshot().messages;
  };

  it('goes back as the items that it was made of, in their order', () => {
    const search = { type: 'web_search_call', id: 'ws_1', status: 'completed' };
    const text = messageItem('Hello', { id: 'msg_1' });
    const call = callItem('{"q":1}');
    const messages = messagesOf(
      created,
      event('response.reasoning_summary_text.delta', { output_index: 0, summary_index: 0, delta: 'Hm.' }),
      itemDone(0, reasoning),
      itemDone(1, search),
      itemDone(2, { ...reasoning, id: 'rs_2' }),
      say('Hel', 3),
      say('lo', 3),
      itemDone(3, text),
      itemAdded(4, callItem('')),
      argumentsDelta('{"q":1}', 4),
      itemDone(4, call),
      completed(),
    );
    const { status: _, ...sent } = call;
    expect(inputOf([...hello.messages, ...messages, result])).toEqual([
      { role: 'user', content: 'Hi' },
      reasoning,
      search,
      { ...reasoning, id: 'rs_2' },
      text,
      sent,
      { type: 'function_call_output', call_id: 'call_1', output: '{"a":1}' },
    ]);
  });

  it('that was cut short in its reasoning leaves a conversation that can go on', () => {
    const delta = event('response.reasoning_summary_text.delta', { output_index: 0, summary_index: 0, delta: 'Hm' });
    const messages = messagesOf(created, delta, itemDone(0, { ...reasoning, status: 'incomplete' }), incomplete('max_output_tokens'));
    expect(inputOf([...hello.messages, ...messages, ...hello.messages])).toEqual([
      { role: 'user', content: 'Hi' },
      { role: 'user', content: 'Hi' },
    ]);
  });
});

describe('a cursor', () => {
  test.each([
    ['resp_1/12', { responseId: 'resp_1', after: 12 }],
    ['a/b/0', { responseId: 'a/b', after: 0 }],
    ['resp_1', undefined],
    ['/1', undefined],
    ['resp_1/-1', undefined],
  ])('%s is the id of the response and the last number', (cursor, parsed) => {
    expect(parseResponsesCursor(cursor)).toEqual(parsed);
  });
});

describe('as every provider', () => {
  const written = (messages: readonly SseMessage[]) =>
    numbered(messages)
      .map((each) => `event: ${each.event}\ndata: ${each.data}\n\n`)
      .join('');
  const text = messageItem('Hello, “world” 🌍', { id: 'msg_1' });
  const call = callItem('{"city":"Zürich"}');
  const toolCalls = [{ toolName: 'look', input: { city: 'Zürich' } }];
  const checks = providerConformance(openaiResponses({ apiKey: 'sk-conform-4f9Kd02mQz81' }), {
    apiKey: 'sk-conform-4f9Kd02mQz81',
    streams: [
      {
        name: 'text',
        body: written([
          created,
          event('response.reasoning_summary_text.delta', { output_index: 0, summary_index: 0, delta: 'Hm.' }),
          itemDone(0, reasoning),
          itemAdded(1, { type: 'message' }),
          say('Hello, “wor', 1),
          say('ld” 🌍', 1),
          textDone('Hello, “world” 🌍', 1),
          itemDone(1, text),
          completed({ output: [reasoning, text] }),
        ]),
        expect: { text: 'Hello, “world” 🌍', reasoning: 'Hm.', finishReason: 'stop', usage: { inputTokens: 9, outputTokens: 5 } },
      },
      {
        name: 'a tool call',
        body: written([
          created,
          itemAdded(0, callItem('')),
          argumentsDelta('{"city":"Zü'),
          argumentsDelta('rich"}'),
          itemDone(0, call),
          completed(),
        ]),
        expect: { toolCalls, finishReason: 'tool-calls' },
      },
      {
        name: 'an answer cut by its length',
        body: written([created, say('Hel'), incomplete('max_output_tokens')]),
        expect: { text: 'Hel', finishReason: 'length' },
      },
    ],
    errors: [
      {
        name: 'no credit inside a 200',
        body: written([created, event('error', { error: { code: 'insufficient_quota', message: 'no' } })]),
        expect: { category: 'quota-exhausted', retryable: false },
      },
      {
        name: '429',
        status: 429,
        headers: { 'retry-after': '3' },
        body: '{"error":{"code":"rate_limit_exceeded"}}',
        expect: { retryAfterMs: 3_000 },
      },
    ],
  });
  test.each(checks.map((check) => [check.name, check] as const))('%s', (_name, check) => check.run());
});
