import { describe, expect, it, test } from 'vitest';
import type { RequestContext } from '../../src/core/context.ts';
import type { Part, StreamRequest } from '../../src/core/request.ts';
import { ResultBuilder } from '../../src/core/result-builder.ts';
import { type GeminiOptions, gemini } from '../../src/providers/gemini.ts';
import { decodeAll, head, message } from './decoding.ts';

const context: RequestContext = { requestId: 'req_1', attempt: 1, signal: new AbortController().signal };
const hello: StreamRequest = { model: 'gemini-2.5-flash', messages: [{ role: 'user', content: 'Hi' }] };
const bodyOf = (request: StreamRequest, options?: GeminiOptions) => JSON.parse(gemini(options).request(request, context).body ?? '');
const contentsOf = (messages: StreamRequest['messages'], model = hello.model) => bodyOf({ model, messages }).contents;
const user = (...content: Part[]): StreamRequest => ({ ...hello, messages: [{ role: 'user', content }] });
const invalid = (reason: RegExp) => expect.objectContaining({ category: 'invalid-request', reason: expect.stringMatching(reason) });

describe('the request', () => {
  it('is plain data: address, headers and body', () => {
    expect(gemini({ apiKey: 'key' }).request(hello, { ...context, idempotencyKey: 'idem-1' })).toEqual({
      url: 'https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse',
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'text/event-stream',
        'x-goog-api-key': 'key',
        'x-client-request-id': 'req_1',
        'idempotency-key': 'idem-1',
      },
      body: JSON.stringify({ contents: [{ role: 'user', parts: [{ text: 'Hi' }] }] }),
    });
  });

  test.each([
    ['models/gemini-2.5-flash', '/models/gemini-2.5-flash:'],
    ['tunedModels/mine-1', '/tunedModels/mine-1:'],
    ['../a?b#c', '/models/..%2Fa%3Fb%23c:'],
    ['日本', '/models/%E6%97%A5%E6%9C%AC:'],
  ])('has the model %s in its path', (model, path) => {
    const { url } = gemini().request({ ...hello, model }, context);
    expect(url).toBe(`https://generativelanguage.googleapis.com/v1beta${path}streamGenerateContent?alt=sse`);
  });

  it('refuses a model that no address can hold', () => {
    expect(() => gemini().request({ ...hello, model: '\ud800' }, context)).toThrow(invalid(/^model /));
  });

  it('asks for server-sent messages whatever query the base URL has', () => {
    const url = (baseURL: string) => gemini({ baseURL }).request(hello, context).url;
    expect(url('https://a.example/v1?key=a%20b')).toBe(
      'https://a.example/v1/models/gemini-2.5-flash:streamGenerateContent?key=a+b&alt=sse',
    );
    expect(url('https://a.example/v1/?alt=json')).toBe('https://a.example/v1/models/gemini-2.5-flash:streamGenerateContent?alt=sse');
  });

  it('goes to Vertex with an authorization header and no key', () => {
    const baseURL = 'https://europe-west1-aiplatform.googleapis.com/v1/projects/p/locations/europe-west1/publishers/google';
    const { url, headers, credentials } = gemini({ name: 'vertex', baseURL, headers: { authorization: 'Bearer t' } }).request(
      hello,
      context,
    );
    expect(url).toBe(`${baseURL}/models/gemini-2.5-flash:streamGenerateContent?alt=sse`);
    expect(headers).toMatchObject({ authorization: 'Bearer t' });
    expect(headers).not.toHaveProperty('x-goog-api-key');
    expect(credentials).toBeUndefined();
  });

  it('fetches a key from a function', () => {
    const { credentials } = gemini({ apiKey: () => 'key' }).request(hello, context);
    expect(credentials?.()).toEqual({ 'x-goog-api-key': 'key' });
  });

  it('carries every field that the API has', () => {
    const request: StreamRequest = {
      ...hello,
      messages: [{ role: 'system', content: 'Be brief.' }, ...hello.messages],
      tools: [
        { name: 'look', description: 'Looks', inputSchema: { type: 'object' } },
        { name: 'now', inputSchema: {} },
      ],
      toolChoice: { toolName: 'look' },
      temperature: 0,
      maxOutputTokens: 5,
      stop: ['END'],
      seed: 7,
      reasoningEffort: 'low',
      responseFormat: { type: 'json-schema', name: 'answer', schema: { type: 'object' } },
      metadata: { user_id: 'u1' },
    };
    expect(bodyOf(request, { includeThoughts: true })).toEqual({
      systemInstruction: { parts: [{ text: 'Be brief.' }] },
      contents: [{ role: 'user', parts: [{ text: 'Hi' }] }],
      tools: [
        {
          functionDeclarations: [{ name: 'look', description: 'Looks', parametersJsonSchema: { type: 'object' } }, { name: 'now' }],
        },
      ],
      toolConfig: { functionCallingConfig: { mode: 'ANY', allowedFunctionNames: ['look'] } },
      generationConfig: {
        temperature: 0,
        maxOutputTokens: 5,
        stopSequences: ['END'],
        seed: 7,
        responseMimeType: 'application/json',
        responseJsonSchema: { type: 'object' },
        thinkingConfig: { thinkingBudget: 1024, includeThoughts: true },
      },
    });
  });

  test.each([
    ['auto', 'AUTO'],
    ['none', 'NONE'],
    ['required', 'ANY'],
  ] as const)('the tool choice %s', (toolChoice, mode) => {
    const { toolConfig } = bodyOf({ ...hello, tools: [{ name: 'f', inputSchema: {} }], toolChoice });
    expect(toolConfig).toEqual({ functionCallingConfig: { mode } });
    expect(bodyOf({ ...hello, toolChoice })).not.toHaveProperty('toolConfig');
  });

  it('asks for JSON, and for text in no special way', () => {
    expect(bodyOf({ ...hello, responseFormat: { type: 'json' } }).generationConfig).toEqual({ responseMimeType: 'application/json' });
    expect(bodyOf({ ...hello, responseFormat: { type: 'text' } })).not.toHaveProperty('generationConfig');
  });

  test.each([
    ['gemini-3-pro-preview', 'high', { thinkingLevel: 'high' }],
    ['models/gemini-3.7-flash', 'medium', { thinkingLevel: 'medium' }],
    ['gemini-3.1-pro-preview', 'none', { thinkingLevel: 'low' }],
    ['gemini-flash-latest', 'minimal', { thinkingLevel: 'low' }],
    ['gemini-2.5-flash', 'none', { thinkingBudget: 0 }],
    ['gemini-2.5-flash-lite', 'high', { thinkingBudget: 24_576 }],
    ['gemini-2.5-pro', 'none', { thinkingBudget: 128 }],
    ['gemini-2.5-pro', 'medium', { thinkingBudget: 8_192 }],
    ['gemini-2.0-flash', 'high', undefined],
    ['gemma-3-27b-it', 'high', undefined],
  ] as const)('tells %s to think at the effort %s', (model, reasoningEffort, thinkingConfig) => {
    expect(bodyOf({ ...hello, model, reasoningEffort }).generationConfig?.thinkingConfig).toEqual(thinkingConfig);
  });

  it('asks for thoughts only of models that think', () => {
    expect(bodyOf(hello, { includeThoughts: true }).generationConfig).toEqual({ thinkingConfig: { includeThoughts: true } });
    expect(bodyOf({ ...hello, model: 'gemini-2.0-flash' }, { includeThoughts: true })).not.toHaveProperty('generationConfig');
  });

  it('has at most five texts to stop at', () => {
    const stop = ['a', 'b', 'c', 'd', 'e'];
    expect(bodyOf({ ...hello, stop }).generationConfig).toEqual({ stopSequences: stop });
    expect(() => bodyOf({ ...hello, stop: [...stop, 'f'] })).toThrow(invalid(/^stop must hold at most 5/));
  });

  it('merges the options of the format, then those of the name; what is in generationConfig, member by member', () => {
    const providerOptions = {
      gemini: { safetySettings: [], generationConfig: { topK: 1, temperature: 2 } },
      vertex: { labels: { a: 'b' }, generationConfig: { topK: 2 } },
    };
    expect(bodyOf({ ...hello, temperature: 0, seed: 7, providerOptions }, { name: 'vertex' })).toEqual({
      contents: [{ role: 'user', parts: [{ text: 'Hi' }] }],
      safetySettings: [],
      labels: { a: 'b' },
      generationConfig: { temperature: 2, seed: 7, topK: 2 },
    });
  });

  it('is the body of its own that it is given, to the model that it names', () => {
    const { url, body } = gemini().request({ model: 'm-1', messages: [], rawBody: { contents: [], cachedContent: 'c' } }, context);
    expect(url).toContain('/models/m-1:streamGenerateContent?alt=sse');
    expect(body).toBe('{"contents":[],"cachedContent":"c"}');
  });
});

describe('the conversation', () => {
  const call = (toolCallId: string, toolName = 'look', id?: string): Part => ({
    type: 'tool-call',
    toolCallId,
    toolName,
    input: { q: toolCallId },
    ...(id && { providerMetadata: { gemini: { id } } }),
  });
  const result = (toolCallId: string, output: unknown, more: object = {}): Part => ({
    type: 'tool-result',
    toolCallId,
    toolName: 'look',
    output,
    ...more,
  });

  it('has one turn of each side after the other, and system messages apart', () => {
    const body = bodyOf({
      model: 'm-1',
      messages: [
        { role: 'user', content: 'One' },
        { role: 'system', content: [{ type: 'text', text: 'Be brief.' }] },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'Two' },
            { type: 'text', text: '' },
          ],
        },
        { role: 'assistant', content: 'Yes' },
        { role: 'assistant', content: '' },
        { role: 'system', content: 'In French.' },
        { role: 'user', content: 'Three' },
      ],
    });
    expect(body).toEqual({
      systemInstruction: { parts: [{ text: 'Be brief.' }, { text: 'In French.' }] },
      contents: [
        { role: 'user', parts: [{ text: 'One' }, { text: 'Two' }] },
        { role: 'model', parts: [{ text: 'Yes' }] },
        { role: 'user', parts: [{ text: 'Three' }] },
      ],
    });
  });

  it('gives results in the order of their calls, before what the user says then', () => {
    const contents = contentsOf([
      { role: 'assistant', content: [call('c1'), call('c2')] },
      { role: 'tool', content: [result('c2', [1])] },
      { role: 'user', content: 'And?' },
      { role: 'tool', content: [result('c1', 'gone', { isError: true }), result('c9', undefined)] },
    ]);
    expect(contents).toEqual([
      {
        role: 'model',
        parts: [{ functionCall: { name: 'look', args: { q: 'c1' } } }, { functionCall: { name: 'look', args: { q: 'c2' } } }],
      },
      {
        role: 'user',
        parts: [
          { functionResponse: { name: 'look', response: { error: 'gone' } } },
          { functionResponse: { name: 'look', response: { output: [1] } } },
          { functionResponse: { name: 'look', response: { output: null } } },
          { text: 'And?' },
        ],
      },
    ]);
  });

  it('gives back the ids that are Gemini’s own, and no others', () => {
    const [calls, results] = contentsOf([
      { role: 'assistant', content: [call('c1', 'look', 'c1'), call('c2')] },
      { role: 'tool', content: [result('c1', 1), result('c2', 2)] },
    ]);
    expect(calls.parts.map((part: { functionCall: { id?: string } }) => part.functionCall.id)).toEqual(['c1', undefined]);
    expect(results.parts.map((part: { functionResponse: { id?: string } }) => part.functionResponse.id)).toEqual(['c1', undefined]);
  });

  it('marks calls of another model for Gemini 3, which wants signatures', () => {
    const signed: Part = { ...call('c3'), providerMetadata: { gemini: { thoughtSignature: 's' } } } as Part;
    const messages: StreamRequest['messages'] = [
      { role: 'assistant', content: [{ type: 'text', text: 'a' }, call('c1'), call('c2')] },
      { role: 'tool', content: [result('c1', 1), result('c2', 2)] },
      { role: 'assistant', content: [signed, call('c4')] },
    ];
    const signatures = (model: string) =>
      contentsOf(messages, model).map(({ parts }: { parts: { thoughtSignature?: string }[] }) =>
        parts.map((part) => part.thoughtSignature ?? ''),
      );
    expect(signatures('gemini-3-pro-preview')).toEqual([
      ['', 'skip_thought_signature_validator', ''],
      ['', ''],
      ['s', ''],
    ]);
    expect(signatures('gemini-2.5-pro')).toEqual([
      ['', '', ''],
      ['', ''],
      ['s', ''],
    ]);
  });

  it('leaves out what other providers wrote for themselves', () => {
    const contents = contentsOf([
      {
        role: 'assistant',
        content: [
          { type: 'reasoning', text: 'Hm', providerMetadata: { anthropic: { signature: 's' } } },
          { type: 'reasoning', text: 'Hm' },
          { type: 'provider-item', format: 'anthropic', item: { type: 'redacted_thinking' } },
          { type: 'provider-item', format: 'gemini', item: { executableCode: { code: '1' } } },
          { type: 'text', text: 'a', providerMetadata: { anthropic: { x: 1 } } },
        ],
      },
    ]);
    expect(contents).toEqual([{ role: 'model', parts: [{ executableCode: { code: '1' } }, { text: 'a' }] }]);
  });

  it('holds images by their bytes, or by an address that Gemini can read', () => {
    const [{ parts }] = bodyOf(
      user(
        { type: 'image', data: new Uint8Array([1, 2, 3]), mediaType: 'image/png' },
        { type: 'image', url: 'data:image/webp;base64,AAAA' },
        { type: 'image', url: 'https://a.example/i.JPG?size=1' },
        { type: 'image', url: 'gs://bucket/i.png' },
        { type: 'image', url: 'https://generativelanguage.googleapis.com/v1beta/files/abc' },
      ),
    ).contents;
    expect(parts).toEqual([
      { inlineData: { mimeType: 'image/png', data: 'AQID' } },
      { inlineData: { mimeType: 'image/webp', data: 'AAAA' } },
      { fileData: { mimeType: 'image/jpeg', fileUri: 'https://a.example/i.JPG?size=1' } },
      { fileData: { mimeType: 'image/png', fileUri: 'gs://bucket/i.png' } },
      { fileData: { fileUri: 'https://generativelanguage.googleapis.com/v1beta/files/abc' } },
    ]);
  });

  test.each<[string, StreamRequest, RegExp]>([
    ['an image at an http: address', user({ type: 'image', url: 'http://a.example/i.png' }), /^messages\.0\.content\.0\.url must begin/],
    [
      'an image of no known type',
      user({ type: 'text', text: 'a' }, { type: 'image', url: 'https://a.example/i' }),
      /^messages\.0\.content\.1\.url must end/,
    ],
    [
      'an image in a system message',
      { ...hello, messages: [{ role: 'system', content: [{ type: 'image', url: 'gs://b/i.png' }] }] },
      /^messages\.0 /,
    ],
    ['messages of the system alone', { ...hello, messages: [{ role: 'system', content: 'Be brief.' }] }, /^messages must hold/],
    [
      'a tool call with a text as input',
      { ...hello, messages: [{ role: 'assistant', content: [{ type: 'tool-call', toolCallId: 'c', toolName: 'f', input: 'x' }] }] },
      /^messages\.0\.content\.0\.input must be an object/,
    ],
  ])('refuses %s and names the field', (_name, request, reason) => {
    expect(() => bodyOf(request)).toThrow(invalid(reason));
  });

  it('goes back as it came: thoughts, texts, calls and their signatures, each on its part', () => {
    const chunk = (part: object, more: object = {}) => message({ candidates: [{ content: { role: 'model', parts: [part] }, ...more }] });
    const { events } = decodeAll(gemini().decoder(head()), [
      chunk({ text: 'Hm', thought: true }),
      chunk({ text: 'I ' }),
      chunk({ text: 'look.' }),
      chunk({ text: '', thoughtSignature: 's1' }),
      chunk({ executableCode: { code: '1' } }),
      chunk({ functionCall: { id: 'own-1', name: 'look', args: { q: 'a' } }, thoughtSignature: 's2' }),
      chunk({ functionCall: { name: 'look', args: { q: 'b' } } }, { finishReason: 'STOP' }),
    ]);
    const builder = new ResultBuilder();
    for (const event of events) builder.add(event);
    const { messages, toolCalls } = builder.snapshot();
    const results = toolCalls.map(({ toolCallId }, index) => result(toolCallId, index));
    // What is stored between two turns is JSON.
    const stored = JSON.parse(JSON.stringify([...messages, { role: 'tool', content: results }]));
    expect(contentsOf([...hello.messages, ...stored], 'gemini-3-pro-preview')).toEqual([
      { role: 'user', parts: [{ text: 'Hi' }] },
      {
        role: 'model',
        parts: [
          { text: 'I look.', thoughtSignature: 's1' },
          { executableCode: { code: '1' } },
          { functionCall: { id: 'own-1', name: 'look', args: { q: 'a' } }, thoughtSignature: 's2' },
          { functionCall: { name: 'look', args: { q: 'b' } } },
        ],
      },
      {
        role: 'user',
        parts: [
          { functionResponse: { id: 'own-1', name: 'look', response: { output: 0 } } },
          { functionResponse: { name: 'look', response: { output: 1 } } },
        ],
      },
    ]);
  });
});

describe('options', () => {
  test.each<[string, unknown, RegExp]>([
    ['an unknown option', { organization: 'x' }, /^gemini: organization is not an option$/],
    ['a key of another type', { apiKey: {} }, /^gemini: apiKey must be/],
    ['a malformed address', { baseURL: 'a.example' }, /^gemini: baseURL must be/],
    ['thoughts that are neither wanted nor not', { includeThoughts: 'yes' }, /^gemini: includeThoughts must be true or false/],
  ])('%s throws at once and names the option', (_name, options, expected) => {
    expect(() => gemini(options as GeminiOptions)).toThrow(TypeError);
    expect(() => gemini(options as GeminiOptions)).toThrow(expected);
  });
});
