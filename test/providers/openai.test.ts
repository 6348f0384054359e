import { describe, expect, it, test } from 'vitest';
import type { RequestContext } from '../../src/core/context.ts';
import type { StreamRequest } from '../../src/core/request.ts';
import { type OpenAIOptions, openai } from '../../src/providers/openai.ts';

const context: RequestContext = { requestId: 'req_1', attempt: 1, signal: new AbortController().signal };
const hello: StreamRequest = { model: 'm-1', messages: [{ role: 'user', content: 'Hi' }] };
const local = { baseURL: 'http://localhost:11434/v1' };
const bodyOf = (request: StreamRequest, options?: OpenAIOptions) => JSON.parse(openai(options).request(request, context).body ?? '');

describe('the request', () => {
  it('is plain data: address, headers and body', () => {
    const request = openai({ apiKey: 'sk-1', organization: 'org', project: 'proj' }).request(hello, {
      ...context,
      idempotencyKey: 'idem-1',
    });
    expect(request).toEqual({
      url: 'https://api.openai.com/v1/chat/completions',
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
      body: JSON.stringify({
        model: 'm-1',
        messages: [{ role: 'user', content: 'Hi' }],
        stream: true,
        stream_options: { include_usage: true, include_obfuscation: false },
      }),
    });
  });

  it('carries every field', () => {
    const request: StreamRequest = {
      ...hello,
      tools: [{ name: 'look', description: 'Looks', inputSchema: { type: 'object' } }],
      toolChoice: { toolName: 'look' },
      temperature: 0,
      maxOutputTokens: 5,
      stop: ['END'],
      seed: 0,
      reasoningEffort: 'low',
      responseFormat: { type: 'json-schema', name: 'answer', schema: { type: 'object' } },
      metadata: { a: 'b' },
    };
    expect(bodyOf(request)).toMatchObject({
      tools: [{ type: 'function', function: { name: 'look', description: 'Looks', parameters: { type: 'object' } } }],
      tool_choice: { type: 'function', function: { name: 'look' } },
      temperature: 0,
      max_completion_tokens: 5,
      stop: ['END'],
      seed: 0,
      reasoning_effort: 'low',
      response_format: { type: 'json_schema', json_schema: { name: 'answer', schema: { type: 'object' }, strict: true } },
      metadata: { a: 'b' },
    });
  });

  test.each<[string, Partial<StreamRequest>, object]>([
    ['a tool choice by word', { tools: [{ name: 'f', inputSchema: {} }], toolChoice: 'required' }, { tool_choice: 'required' }],
    ['a tool choice without tools is left out', { tools: [], toolChoice: 'required' }, { tools: undefined, tool_choice: undefined }],
    ['JSON of any form', { responseFormat: { type: 'json' } }, { response_format: { type: 'json_object' } }],
    ['text', { responseFormat: { type: 'text' } }, { response_format: { type: 'text' } }],
    ['no stop words', { stop: [] }, { stop: undefined }],
  ])('%s', (_name, request, body) => {
    const made = bodyOf({ ...hello, ...request });
    for (const [member, value] of Object.entries(body)) expect(made[member]).toEqual(value);
  });

  it('asks compatible servers for nothing that they do not know', () => {
    expect(bodyOf({ ...hello, maxOutputTokens: 5 }, local)).toEqual({
      model: 'm-1',
      messages: [{ role: 'user', content: 'Hi' }],
      max_tokens: 5,
      stream: true,
      stream_options: { include_usage: true },
    });
  });

  it('maps the messages of a conversation with tools and images', () => {
    const { messages } = bodyOf({
      model: 'm-1',
      messages: [
        { role: 'system', content: 'Be brief.' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'What is it?' },
            { type: 'image', url: 'https://a.example/i.png' },
          ],
        },
        {
          role: 'assistant',
          content: [
            { type: 'text', text: 'I ' },
            { type: 'text', text: 'look.' },
            { type: 'tool-call', toolCallId: 'c1', toolName: 'look', input: { q: 'a' } },
            { type: 'tool-call', toolCallId: 'c2', toolName: 'now', input: undefined },
          ],
        },
        {
          role: 'tool',
          content: [
            { type: 'tool-result', toolCallId: 'c1', toolName: 'look', output: { found: 1 } },
            { type: 'tool-result', toolCallId: 'c2', toolName: 'now', output: 'noon' },
          ],
        },
        { role: 'assistant', content: [{ type: 'tool-call', toolCallId: 'c3', toolName: 'now', input: {} }] },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'And?' },
            { type: 'tool-result', toolCallId: 'c3', toolName: 'now', output: undefined },
          ],
        },
        { role: 'assistant', content: '' },
      ],
    });
    expect(messages).toEqual([
      { role: 'system', content: 'Be brief.' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What is it?' },
          { type: 'image_url', image_url: { url: 'https://a.example/i.png' } },
        ],
      },
      {
        role: 'assistant',
        content: 'I look.',
        tool_calls: [
          { id: 'c1', type: 'function', function: { name: 'look', arguments: '{"q":"a"}' } },
          { id: 'c2', type: 'function', function: { name: 'now', arguments: '{}' } },
        ],
      },
      { role: 'tool', tool_call_id: 'c1', content: '{"found":1}' },
      { role: 'tool', tool_call_id: 'c2', content: 'noon' },
      { role: 'assistant', content: null, tool_calls: [{ id: 'c3', type: 'function', function: { name: 'now', arguments: '{}' } }] },
      { role: 'tool', tool_call_id: 'c3', content: 'null' },
      { role: 'user', content: 'And?' },
      { role: 'assistant', content: '' },
    ]);
  });

  it('sends calls of custom tools, and their results, as such', () => {
    const call = {
      type: 'tool-call',
      toolCallId: 'c1',
      toolName: 'sql',
      input: 'select 1',
      providerMetadata: { openai: { type: 'custom' } },
    } as const;
    const result = { type: 'tool-result', toolCallId: 'c1', toolName: 'sql', output: '1' } as const;
    const messages = [{ role: 'assistant', content: [call] } as const, { role: 'tool', content: [result] } as const];
    expect(bodyOf({ model: 'm', messages }).messages).toEqual([
      { role: 'assistant', content: null, tool_calls: [{ id: 'c1', type: 'custom', custom: { name: 'sql', input: 'select 1' } }] },
      { role: 'tool', tool_call_id: 'c1', content: '1' },
    ]);
  });

  it('leaves out an answer of which nothing goes back', () => {
    const thought = { role: 'assistant', content: [{ type: 'reasoning', text: 'Hm.' }] } as const;
    const item = { role: 'assistant', content: [{ type: 'provider-item', format: 'anthropic', item: {} }] } as const;
    expect(bodyOf({ model: 'm', messages: [...hello.messages, thought, item, ...hello.messages] }).messages).toEqual([
      { role: 'user', content: 'Hi' },
      { role: 'user', content: 'Hi' },
    ]);
  });

  test.each<[string, StreamRequest['messages']]>([
    ['text in a tool message', [{ role: 'tool', content: 'x' }]],
    ['an image of the assistant', [{ role: 'assistant', content: [{ type: 'image', url: 'https://a.example' }] }]],
    ['a tool call of the user', [{ role: 'user', content: [{ type: 'tool-call', toolCallId: 'c', toolName: 'f', input: {} }] }]],
    ['input that is no JSON', [{ role: 'assistant', content: [{ type: 'tool-call', toolCallId: 'c', toolName: 'f', input: 1n }] }]],
  ])('is refused as invalid: %s', (_name, messages) => {
    expect(() => bodyOf({ model: 'm-1', messages })).toThrow(expect.objectContaining({ category: 'invalid-request', retryable: false }));
  });

  it('merges the options of the format, then those of the name, and stays a stream', () => {
    const providerOptions = { openai: { user: 'u', n: 1 }, groq: { n: 2, stream: false, stream_options: undefined }, other: { x: 1 } };
    const body = bodyOf({ ...hello, providerOptions }, { ...local, name: 'groq' });
    expect(body).toMatchObject({ user: 'u', n: 2, stream: true });
    expect(body).not.toHaveProperty('stream_options');
    expect(body).not.toHaveProperty('x');
  });

  it('has header values that a header can carry, whatever the ids are', () => {
    const { headers } = openai().request(hello, { ...context, requestId: 'räq\n\ud800 1', idempotencyKey: 'ключ' });
    expect(headers['x-client-request-id']).toBe('r%C3%A4q%0A%EF%BF%BD%201');
    expect(() => new Headers(headers)).not.toThrow();
  });
});

describe('the key', () => {
  it('is sent by no header where there is none', () => {
    expect(openai(local).request(hello, context).headers).not.toHaveProperty('authorization');
  });

  test.each<[string, () => string | Promise<string>]>([
    ['a function', () => ' sk-2\n'],
    ['an asynchronous function', async () => 'sk-2'],
  ])('is fetched for each attempt from %s', async (_name, apiKey) => {
    const request = openai({ apiKey }).request(hello, context);
    expect(request.headers).not.toHaveProperty('authorization');
    expect(await request.credentials?.()).toEqual({ authorization: 'Bearer sk-2' });
  });

  it('costs no turn of the event loop where the function is synchronous', () => {
    expect(
      openai({ apiKey: () => 'sk-2' })
        .request(hello, context)
        .credentials?.(),
    ).toEqual({ authorization: 'Bearer sk-2' });
  });

  test.each(['', 'a b', 5 as never, undefined as never])('that is unusable is an authentication error: %j', (value) => {
    const { credentials } = openai({ apiKey: () => value }).request(hello, context);
    expect(() => credentials?.()).toThrow(expect.objectContaining({ category: 'authentication' }));
  });

  it('gives way to a header of the user’s', () => {
    const request = openai({ apiKey: () => 'sk-2', headers: { Authorization: 'Bearer mine', ACCEPT: '*/*' } }).request(hello, context);
    expect(request.credentials).toBeUndefined();
    expect(request.headers).toMatchObject({ authorization: 'Bearer mine', accept: '*/*' });
  });
});

describe('the base URL', () => {
  test.each([
    ['https://api.x.ai/v1/', 'https://api.x.ai/v1/chat/completions'],
    ['https://a.example', 'https://a.example/chat/completions'],
    ['https://a.example/openai/deployments/d?api-version=1', 'https://a.example/openai/deployments/d/chat/completions?api-version=1'],
    ['http://[::1]:8080/v1#x', 'http://[::1]:8080/v1/chat/completions'],
  ])('%s', (baseURL, url) => {
    const provider = openai({ baseURL });
    expect(provider.request(hello, context).url).toBe(url);
  });
});

describe('options', () => {
  test.each<[string, unknown, RegExp]>([
    ['an unknown option', { apikey: 'sk-secret-1234' }, /^openai: apikey is not an option$/],
    ['a key of another type', { apiKey: 123456789 }, /^openai: apiKey must be a string or a function/],
    ['an empty key', { apiKey: ' ' }, /^openai: apiKey must not be empty/],
    ['a key that no header carries', { apiKey: 'sk-secret\u0000-1234' }, /^openai: apiKey holds a character/],
    ['the key alone', 'sk-secret-1234', /^openai: the options must be an object$/],
    ['null', null, /^openai: the options must be an object$/],
    [
      'an address without a scheme',
      { baseURL: 'localhost:11434/v1' },
      /^openai: baseURL must be an absolute URL .* got "localhost:11434\/v1"$/,
    ],
    ['another scheme', { baseURL: 'ftp://a.example' }, /^openai: baseURL must be/],
    ['no address', { baseURL: 'https://' }, /^openai: baseURL must be/],
    ['an address of another type', { baseURL: 5 }, /^openai: baseURL must be/],
    ['credentials in the address', { baseURL: 'https://user:secret-1234@a.example/v1' }, /^openai: baseURL must not hold credentials/],
    ['a broken address with credentials', { baseURL: 'https://user:secret-1234@' }, /^openai: baseURL must be [^@]*$/],
    ['an empty name', { name: '' }, /^openai: name must be a text/],
    ['headers of another type', { headers: 'x' }, /^openai: headers must be an object/],
    ['a header of another type', { headers: { authorization: 5 } }, /^openai: headers\.authorization must be a text/],
    ['a header of two lines', { headers: { authorization: 'a\r\nsecret-1234: x' } }, /^openai: headers\.authorization must be a text/],
    ['a header with a wrong name', { headers: { 'a b': 'x' } }, /^openai: headers has a name/],
    ['an organization of another type', { organization: 5 }, /^openai: organization must be a text/],
  ])('%s throws at once, names the option and no secret', (_name, options, message) => {
    const attempt = () => openai(options as OpenAIOptions);
    expect(attempt).toThrow(TypeError);
    expect(attempt).toThrow(message);
    expect(attempt).not.toThrow(/secret|123456789/);
  });

  it('may be undefined', () => {
    const options = {
      apiKey: undefined,
      baseURL: undefined,
      name: undefined,
      headers: undefined,
      organization: undefined,
      project: undefined,
    };
    expect(openai(options).name).toBe('openai');
  });
});
