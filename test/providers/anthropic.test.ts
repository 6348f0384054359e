import { describe, expect, it, test } from 'vitest';
import type { RequestContext } from '../../src/core/context.ts';
import type { StreamRequest } from '../../src/core/request.ts';
import { type AnthropicOptions, anthropic } from '../../src/providers/anthropic.ts';

const context: RequestContext = { requestId: 'req_1', attempt: 1, signal: new AbortController().signal };
const hello: StreamRequest = { model: 'm-1', messages: [{ role: 'user', content: 'Hi' }] };
const bodyOf = (request: StreamRequest, options?: AnthropicOptions) => JSON.parse(anthropic(options).request(request, context).body ?? '');

describe('the request', () => {
  it('is plain data: address, headers and body', () => {
    const request = anthropic({ apiKey: 'key' }).request(hello, { ...context, idempotencyKey: 'idem-1' });
    expect(request).toEqual({
      url: 'https://api.anthropic.com/v1/messages',
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'text/event-stream',
        'anthropic-version': '2023-06-01',
        'x-api-key': 'key',
        'x-client-request-id': 'req_1',
        'idempotency-key': 'idem-1',
      },
      body: JSON.stringify({ model: 'm-1', max_tokens: 4096, messages: [{ role: 'user', content: 'Hi' }], stream: true }),
    });
  });

  it('fetches a key from a function, unless a header carries one', () => {
    expect(
      anthropic({ apiKey: () => 'key' })
        .request(hello, context)
        .credentials?.(),
    ).toEqual({ 'x-api-key': 'key' });
    const bearer = anthropic({ headers: { authorization: 'Bearer t', 'Anthropic-Version': '2' } }).request(hello, context);
    expect(bearer.headers).toMatchObject({ authorization: 'Bearer t', 'anthropic-version': '2' });
    expect(bearer.headers).not.toHaveProperty('x-api-key');
  });

  it('carries every field that the API has', () => {
    const request: StreamRequest = {
      ...hello,
      tools: [{ name: 'look', description: 'Looks', inputSchema: { type: 'object' } }],
      toolChoice: { toolName: 'look' },
      temperature: 0,
      maxOutputTokens: 5,
      stop: ['END'],
      seed: 7,
      reasoningEffort: 'minimal',
      responseFormat: { type: 'json-schema', name: 'answer', schema: { type: 'object' } },
      metadata: { user_id: 'u1', other: 'x' },
    };
    expect(bodyOf(request)).toEqual({
      model: 'm-1',
      max_tokens: 5,
      messages: [{ role: 'user', content: 'Hi' }],
      tools: [{ name: 'look', description: 'Looks', input_schema: { type: 'object' } }],
      tool_choice: { type: 'tool', name: 'look' },
      temperature: 0,
      stop_sequences: ['END'],
      output_config: { effort: 'low', format: { type: 'json_schema', schema: { type: 'object' } } },
      metadata: { user_id: 'u1' },
      stream: true,
    });
  });

  test.each([
    ['auto', { type: 'auto' }],
    ['none', { type: 'none' }],
    ['required', { type: 'any' }],
  ] as const)('the tool choice %s', (toolChoice, choice) => {
    expect(bodyOf({ ...hello, tools: [{ name: 'f', inputSchema: {} }], toolChoice }).tool_choice).toEqual(choice);
    expect(bodyOf({ ...hello, toolChoice })).not.toHaveProperty('tool_choice');
  });

  test.each<[string, Partial<StreamRequest>, object]>([
    ['a temperature above its range is the highest', { temperature: 1.5 }, { temperature: 1 }],
    ['a temperature within it stays', { temperature: 0.5 }, { temperature: 0.5 }],
    ['no effort turns thinking off', { reasoningEffort: 'none' }, { thinking: { type: 'disabled' }, output_config: undefined }],
    ['an effort leaves thinking to the model', { reasoningEffort: 'high' }, { thinking: undefined, output_config: { effort: 'high' } }],
    [
      'providerOptions say which form of thinking',
      { reasoningEffort: 'none', providerOptions: { anthropic: { thinking: { type: 'adaptive' } } } },
      { thinking: { type: 'adaptive' } },
    ],
    ['a seed, which it has not, is left out', { seed: 7 }, { seed: undefined }],
  ])('%s', (_name, request, expected) => {
    const body = bodyOf({ ...hello, ...request });
    for (const [member, value] of Object.entries(expected)) expect(body[member]).toEqual(value);
  });

  it('does not send back what it could not check: reasoning without its signature, and items of others', () => {
    const content: StreamRequest['messages'][number]['content'] = [
      { type: 'reasoning', text: 'Weigh.' },
      { type: 'reasoning', text: 'Weigh.', providerMetadata: { anthropic: { signature: '' }, openai: { signature: 'x' } } },
      { type: 'provider-item', format: 'openai-responses', item: { type: 'reasoning' } },
      { type: 'text', text: 'Bus.' },
    ];
    expect(bodyOf({ model: 'm', messages: [{ role: 'assistant', content }] }).messages).toEqual([{ role: 'assistant', content: 'Bus.' }]);
  });

  it('goes on with a turn that was paused, as it came', () => {
    const item = { type: 'server_tool_use', id: 's1', name: 'web_search', input: { query: 'tea' } };
    const content = [{ type: 'text', text: 'I look.' } as const, { type: 'provider-item', format: 'anthropic', item } as const];
    expect(bodyOf({ model: 'm', messages: [...hello.messages, { role: 'assistant', content }] }).messages[1]).toEqual({
      role: 'assistant',
      content: [{ type: 'text', text: 'I look.' }, item],
    });
  });

  it('moves system messages to the place that is theirs', () => {
    const messages: StreamRequest['messages'] = [{ role: 'system', content: 'Be brief.' }, ...hello.messages];
    expect(bodyOf({ model: 'm', messages })).toMatchObject({ system: 'Be brief.', messages: [{ role: 'user', content: 'Hi' }] });
    const two: StreamRequest['messages'] = [...messages, { role: 'system', content: 'In French.' }];
    expect(bodyOf({ model: 'm', messages: two })).toMatchObject({
      system: [
        { type: 'text', text: 'Be brief.' },
        { type: 'text', text: 'In French.' },
      ],
    });
    expect(bodyOf({ ...hello, responseFormat: { type: 'json' } }).system).toContain('JSON');
  });

  it('maps the messages of a conversation with tools and images, one turn of each side after the other', () => {
    const { messages } = bodyOf({
      model: 'm-1',
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'What is it?' },
            { type: 'text', text: '' },
            { type: 'image', url: 'https://a.example/i.png' },
            { type: 'image', url: 'data:image/png;base64,AAAA' },
          ],
        },
        { role: 'assistant', content: 'I look.' },
        {
          role: 'assistant',
          content: [
            { type: 'tool-call', toolCallId: 'c1', toolName: 'look', input: { q: 'a' } },
            { type: 'tool-call', toolCallId: 'c2', toolName: 'now', input: undefined },
          ],
        },
        { role: 'tool', content: [{ type: 'tool-result', toolCallId: 'c1', toolName: 'look', output: { found: 1 } }] },
        { role: 'tool', content: [{ type: 'tool-result', toolCallId: 'c2', toolName: 'now', output: 'noon' }] },
        { role: 'user', content: 'And?' },
        { role: 'assistant', content: '' },
        { role: 'user', content: 'Well?' },
        { role: 'assistant', content: 'It is \n' },
      ],
    });
    expect(messages).toEqual([
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What is it?' },
          { type: 'image', source: { type: 'url', url: 'https://a.example/i.png' } },
          { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } },
        ],
      },
      {
        role: 'assistant',
        content: [
          { type: 'text', text: 'I look.' },
          { type: 'tool_use', id: 'c1', name: 'look', input: { q: 'a' } },
          { type: 'tool_use', id: 'c2', name: 'now', input: {} },
        ],
      },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 'c1', content: '{"found":1}' },
          { type: 'tool_result', tool_use_id: 'c2', content: 'noon' },
          { type: 'text', text: 'And?' },
          { type: 'text', text: 'Well?' },
        ],
      },
      { role: 'assistant', content: 'It is' },
    ]);
  });

  it('leaves out texts of nothing but white space, which the API refuses', () => {
    const call = { type: 'tool-call', toolCallId: 'c1', toolName: 'look', input: {} } as const;
    const blank = { type: 'text', text: '\n\n' } as const;
    const citing = { ...blank, providerMetadata: { anthropic: { citations: [{ type: 'page_location' }] } } };
    const messages: StreamRequest['messages'] = [
      { role: 'system', content: ' ' },
      ...hello.messages,
      { role: 'assistant', content: [blank, call, citing] },
      { role: 'tool', content: [{ type: 'tool-result', toolCallId: 'c1', toolName: 'look', output: 1 }] },
      { role: 'assistant', content: '\n\n' },
      { role: 'user', content: [blank, { type: 'text', text: 'Well?' }] },
    ];
    const body = bodyOf({ model: 'm', messages });
    expect(body).not.toHaveProperty('system');
    expect(body.messages.slice(1)).toEqual([
      { role: 'assistant', content: [{ type: 'tool_use', id: 'c1', name: 'look', input: {} }] },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 'c1', content: '1' },
          { type: 'text', text: 'Well?' },
        ],
      },
    ]);
  });

  it('leaves out an answer to go on from that is nothing but white space, and trims what stands before it', () => {
    expect(bodyOf({ model: 'm', messages: [...hello.messages, { role: 'assistant', content: '\n\n' }] }).messages).toHaveLength(1);
    const content = [
      { type: 'text', text: 'It is ' },
      { type: 'text', text: ' \n' },
    ] as const;
    expect(bodyOf({ model: 'm', messages: [...hello.messages, { role: 'assistant', content }] }).messages[1].content).toBe('It is');
  });

  it('sends ids of calls that another provider made as ones that the API takes, the same each time', () => {
    const turn = (toolCallId: string): StreamRequest['messages'] => [
      { role: 'assistant', content: [{ type: 'tool-call', toolCallId, toolName: 'f', input: {} }] },
      { role: 'tool', content: [{ type: 'tool-result', toolCallId, toolName: 'f', output: 1 }] },
    ];
    const own = 'toolu_01-A';
    const { messages } = bodyOf({
      model: 'm',
      messages: [...hello.messages, ...turn('functions.f:0'), ...turn('functions.f:1'), ...turn(own)],
    });
    const ids = messages
      .slice(1)
      .map(({ content: [first] }: { content: { id?: string; tool_use_id?: string }[] }) => first?.id ?? first?.tool_use_id);
    expect(ids.map((id: string) => /^[a-zA-Z0-9_-]+$/.test(id))).toEqual(ids.map(() => true));
    expect(ids).toEqual([ids[0], ids[0], ids[2], ids[2], own, own]);
    expect(ids[0]).not.toBe(ids[2]);
  });

  test.each<[object, object]>([
    [{}, { type: 'object' }],
    [{ properties: { q: {} } }, { type: 'object', properties: { q: {} } }],
    [
      { type: 'object', properties: {} },
      { type: 'object', properties: {} },
    ],
  ])('sends the schema of a tool with its type: %j', (inputSchema, sent) => {
    const tools = [{ name: 'f', inputSchema: inputSchema as Record<string, unknown> }];
    expect(bodyOf({ ...hello, tools }).tools[0].input_schema).toEqual(sent);
  });

  test.each<[string, StreamRequest['messages']]>([
    ['of the system alone', [{ role: 'system', content: 'Be brief.' }]],
    ['of white space alone', [{ role: 'user', content: ' \n' }]],
  ])('refuses messages %s, and names the field', (_what, messages) => {
    expect(() => bodyOf({ model: 'm', messages })).toThrow(
      expect.objectContaining({ category: 'invalid-request', retryable: false, reason: expect.stringMatching(/^messages /) }),
    );
  });

  test.each(['data:image/png,abc', 'data:;base64,AAAA', 'data:'])('refuses the image %s', (url) => {
    expect(() => bodyOf({ model: 'm', messages: [{ role: 'user', content: [{ type: 'image', url }] }] })).toThrow(
      expect.objectContaining({ category: 'invalid-request' }),
    );
  });

  it('merges the options of the format, then those of the name, and stays a stream', () => {
    const providerOptions = { anthropic: { thinking: { type: 'adaptive' }, top_k: 1 }, minimax: { top_k: 2, stream: false } };
    const body = bodyOf({ ...hello, providerOptions }, { name: 'minimax', baseURL: 'https://a.example/anthropic/v1/' });
    expect(body).toMatchObject({ thinking: { type: 'adaptive' }, top_k: 2, stream: true });
  });
});

describe('options', () => {
  test.each<[string, unknown, RegExp]>([
    ['an unknown option', { organization: 'x' }, /^anthropic: organization is not an option$/],
    ['a key of another type', { apiKey: {} }, /^anthropic: apiKey must be/],
    ['a malformed address', { baseURL: 'a.example' }, /^anthropic: baseURL must be/],
  ])('%s throws at once and names the option', (_name, options, message) => {
    expect(() => anthropic(options as AnthropicOptions)).toThrow(TypeError);
    expect(() => anthropic(options as AnthropicOptions)).toThrow(message);
  });

  it.each([
    ['claude-3-5-sonnet-latest', true],
    ['claude-opus-4-20250514', true],
    ['claude-opus-4-1-20250805', true],
    ['claude-sonnet-4-5', true],
    ['us.anthropic.claude-sonnet-4-20250514-v1:0', true],
    ['claude-sonnet-4-6', false],
    ['claude-opus-5', false],
    ['somebody-else', false],
  ])('knows that %s goes on from an answer that has begun: %s', (model, expected) => {
    const prefill = anthropic().capabilities?.prefill;
    const asked = { model, messages: [{ role: 'user', content: 'Hello' }] } as const;
    expect(prefill?.(model, asked)).toBe(expected);
    expect(prefill?.(model, { ...asked, reasoningEffort: 'high' })).toBe(false);
  });
});
