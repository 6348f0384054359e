import { describe, expect, it, test } from 'vitest';
import type { RequestContext } from '../../src/core/context.ts';
import type { StreamRequest } from '../../src/core/request.ts';
import { ResultBuilder } from '../../src/core/result-builder.ts';
import { type OpenAIOptions, openai } from '../../src/providers/openai.ts';
import type { OpenAIPreset } from '../../src/providers/openai-preset.ts';
import { presets } from '../../src/providers/presets.ts';
import { chunk, classified, decodeAll, done, head, message, stop } from './decoding.ts';

const context: RequestContext = { requestId: 'req_1', attempt: 1, signal: new AbortController().signal };
const hello: StreamRequest = { model: 'm-1', messages: [{ role: 'user', content: 'Hi' }] };
const lookup = { name: 'look', inputSchema: {} };
const requestOf = (options: OpenAIOptions, request: StreamRequest = hello) => openai(options).request(request, context);
const bodyOf = (preset: OpenAIPreset, request: Partial<StreamRequest> = {}) =>
  JSON.parse(requestOf({ preset, baseURL: 'https://a.example/v1' }, { ...hello, ...request }).body ?? '');

describe.each(Object.entries(presets))('the preset %s', (_key, preset) => {
  it('is an option of openai(), and names the provider unless the options do', () => {
    const baseURL = 'https://a.example/v1';
    expect(openai({ preset, baseURL }).name).toBe(preset.name);
    expect(openai({ preset, baseURL, name: 'other' }).name).toBe('other');
    expect(requestOf({ preset, baseURL, apiKey: 'key' }).url).toBe('https://a.example/v1/chat/completions');
  });

  it('sends a plain request that any of them understands', () => {
    const { stream_options, ...body } = bodyOf(preset);
    expect(body).toEqual({ model: 'm-1', messages: [{ role: 'user', content: 'Hi' }], stream: true });
    expect(stream_options).toEqual(preset.name === 'mistral' ? undefined : { include_usage: true });
  });

  it('decodes as the others do', () => {
    const provider = openai({ preset, baseURL: 'https://a.example/v1' });
    const { text, finish } = decodeAll(provider.decoder(head()), [chunk({ content: 'a' }), stop(), done]);
    expect({ text, reason: finish?.finishReason }).toEqual({ text: 'a', reason: 'stop' });
  });
});

describe('the address', () => {
  test.each([
    ['openRouter', 'https://openrouter.ai/api/v1/chat/completions'],
    ['groq', 'https://api.groq.com/openai/v1/chat/completions'],
    ['mistral', 'https://api.mistral.ai/v1/chat/completions'],
    ['deepSeek', 'https://api.deepseek.com/chat/completions'],
    ['qwen', 'https://dashscope-intl.aliyuncs.com/compatible-mode/v1/chat/completions'],
    ['moonshot', 'https://api.moonshot.ai/v1/chat/completions'],
    ['vllm', 'http://localhost:8000/v1/chat/completions'],
    ['llamaCpp', 'http://localhost:8080/v1/chat/completions'],
    ['ollama', 'http://localhost:11434/v1/chat/completions'],
  ] as const)('of %s is %s', (name, url) => {
    expect(requestOf({ preset: presets[name] }).url).toBe(url);
  });

  test.each(['azure', 'cloudflare'] as const)('of %s has to be given, and is never that of OpenAI', (name) => {
    expect(() => openai({ preset: presets[name], apiKey: 'key' })).toThrow(/^openai: baseURL must be an absolute URL/);
  });

  it('may hold the model, as the deployments of Azure do', () => {
    const baseURL = 'https://x.openai.azure.com/openai/deployments/{model}?api-version=2024-10-21';
    const path = 'https://x.openai.azure.com/openai/deployments';
    const options = { preset: presets.azure, baseURL };
    expect(requestOf(options).url).toBe(`${path}/m-1/chat/completions?api-version=2024-10-21`);
    const strange = { ...hello, model: '../$& ?' };
    expect(requestOf(options, strange).url).toBe(`${path}/..%2F%24%26%20%3F/chat/completions?api-version=2024-10-21`);
    expect(() => requestOf(options, { ...hello, model: '..' })).toThrow(expect.objectContaining({ category: 'invalid-request' }));
  });
});

describe('the key', () => {
  const baseURL = 'https://a.example/v1';

  it('is a header of its own with Azure, and a bearer’s with a token of Entra', async () => {
    expect(requestOf({ preset: presets.azure, baseURL, apiKey: 'key' }).headers).toMatchObject({ 'api-key': 'key' });
    expect(requestOf({ preset: presets.azure, baseURL, apiKey: 'key' }).headers).not.toHaveProperty('authorization');
    const entra = requestOf({ preset: { ...presets.azure, keyHeader: 'Authorization' }, baseURL, apiKey: async () => 'token' });
    expect(await entra.credentials?.()).toEqual({ authorization: 'Bearer token' });
  });

  it('gives way to a header of the user’s, in any case', () => {
    const preset = { name: 'own', keyHeader: 'X-Api-Key' };
    expect(requestOf({ preset, baseURL, apiKey: 'key' }).headers).toMatchObject({ 'x-api-key': 'key' });
    expect(requestOf({ preset, baseURL, apiKey: 'key', headers: { 'x-API-key': 'mine' } }).headers).toMatchObject({ 'x-api-key': 'mine' });
  });

  it('is not needed by what runs on this machine', () => {
    expect(requestOf({ preset: presets.ollama }).headers).not.toHaveProperty('authorization');
  });
});

describe('the request', () => {
  test.each<[string, OpenAIPreset, Partial<StreamRequest>, object]>([
    ['Azure’s limit', presets.azure, { maxOutputTokens: 5 }, { max_completion_tokens: 5 }],
    ['Groq’s limit', presets.groq, { maxOutputTokens: 5 }, { max_completion_tokens: 5 }],
    ['the limit of others', presets.vllm, { maxOutputTokens: 5 }, { max_tokens: 5 }],
    ['Mistral’s seed', presets.mistral, { seed: 7 }, { random_seed: 7 }],
    ['Mistral’s word for a tool that must be called', presets.mistral, { tools: [lookup], toolChoice: 'required' }, { tool_choice: 'any' }],
    ['its other words', presets.mistral, { tools: [lookup], toolChoice: 'none' }, { tool_choice: 'none' }],
    ['Mistral’s effort', presets.mistral, { reasoningEffort: 'low' }, { reasoning_effort: 'high' }],
    ['OpenRouter’s effort', presets.openRouter, { reasoningEffort: 'minimal' }, { reasoning: { effort: 'minimal' } }],
    ['Groq’s effort', presets.groq, { reasoningEffort: 'minimal' }, { reasoning_effort: 'low' }],
    ['DeepSeek’s effort', presets.deepSeek, { reasoningEffort: 'medium' }, { thinking: { type: 'enabled' }, reasoning_effort: 'high' }],
    ['no effort of DeepSeek', presets.deepSeek, { reasoningEffort: 'none' }, { thinking: { type: 'disabled' } }],
    ['no effort of Qwen', presets.qwen, { reasoningEffort: 'none' }, { enable_thinking: false }],
    ['Qwen’s effort', presets.qwen, { reasoningEffort: 'high' }, { enable_thinking: true }],
    ['no effort of Moonshot', presets.moonshot, { reasoningEffort: 'none' }, { thinking: { type: 'disabled' } }],
    ['no effort of llama.cpp', presets.llamaCpp, { reasoningEffort: 'none' }, { chat_template_kwargs: { enable_thinking: false } }],
    ['the effort of others', presets.azure, { reasoningEffort: 'none' }, { reasoning_effort: 'none' }],
    [
      'providerOptions over all',
      presets.deepSeek,
      { reasoningEffort: 'none', providerOptions: { deepseek: { thinking: null } } },
      { thinking: null },
    ],
  ])('has %s', (_name, preset, request, body) => {
    expect(bodyOf(preset, request)).toMatchObject(body);
  });

  test.each<[string, OpenAIPreset, Partial<StreamRequest>, string]>([
    ['seed', presets.deepSeek, { seed: 7 }, 'seed'],
    ['metadata', presets.groq, { metadata: { a: 'b' } }, 'metadata'],
  ])('leaves out %s, which changes no meaning, where the server has none', (_name, preset, request, member) => {
    expect(bodyOf(preset, request)).not.toHaveProperty(member);
    expect(bodyOf(presets.azure, request)).toHaveProperty(member);
  });

  const image = (url: string): Partial<StreamRequest> => ({ messages: [{ role: 'user', content: [{ type: 'image', url }] }] });
  const schema = { type: 'json-schema', name: 'a', schema: {} } as const;
  test.each<[string, OpenAIPreset, Partial<StreamRequest>]>([
    ['responseFormat.json-schema', presets.deepSeek, { responseFormat: schema }],
    ['toolChoice.required', presets.qwen, { tools: [lookup], toolChoice: 'required' }],
    ['image.url', presets.ollama, image('https://a.example/i.png')],
    ['seed', { name: 'own', unsupported: ['seed'] }, { seed: 1 }],
    ['metadata', { name: 'own', unsupported: ['metadata'] }, { metadata: {} }],
    ['stop', { name: 'own', unsupported: ['stop'] }, { stop: ['x'] }],
    ['reasoningEffort', { name: 'own', unsupported: ['reasoningEffort'] }, { reasoningEffort: 'low' }],
    ['toolChoice.toolName', { name: 'own', unsupported: ['toolChoice.toolName'] }, { tools: [lookup], toolChoice: { toolName: 'look' } }],
    ['responseFormat.json', { name: 'own', unsupported: ['responseFormat.json'] }, { responseFormat: { type: 'json' } }],
    ['image', { name: 'own', unsupported: ['image'] }, image('data:image/png;base64,AAAA')],
  ])('for %s is refused where the server cannot do it, by the name of the field', (field, preset, request) => {
    expect(() => bodyOf(preset, request)).toThrow(
      expect.objectContaining({ category: 'invalid-request', retryable: false, reason: `${preset.name} does not support ${field}` }),
    );
    expect(() => bodyOf(presets.azure, request)).not.toThrow();
    expect(() => bodyOf({ ...preset, unsupported: ['image', 'seed', 'stop', 'toolChoice.required', 'image.url'] })).not.toThrow();
  });

  it('for an image that is there already is no request for an address', () => {
    expect(() => bodyOf(presets.ollama, image('data:image/png;base64,AAAA'))).not.toThrow();
  });

  it('has ids that Mistral takes, the same for a call and its result, and leaves those that it made', () => {
    const call = (toolCallId: string) => ({ type: 'tool-call', toolCallId, toolName: 'look', input: {} }) as const;
    const result = (toolCallId: string) => ({ type: 'tool-result', toolCallId, toolName: 'look', output: 'x' }) as const;
    const messages: StreamRequest['messages'] = [
      { role: 'assistant', content: [call('call_0123456789abcdef'), call('Kp3xW9aQ1')] },
      { role: 'tool', content: [result('call_0123456789abcdef'), result('Kp3xW9aQ1')] },
    ];
    const [assistant, first, second] = bodyOf(presets.mistral, { messages }).messages;
    expect(assistant.tool_calls[0].id).toMatch(/^[a-z0-9]{9}$/);
    expect(first.tool_call_id).toBe(assistant.tool_calls[0].id);
    expect([assistant.tool_calls[1].id, second.tool_call_id]).toEqual(['Kp3xW9aQ1', 'Kp3xW9aQ1']);
    expect(bodyOf(presets.groq, { messages }).messages[0].tool_calls[0].id).toBe('call_0123456789abcdef');
  });
});

describe('what goes back of an answer', () => {
  const details = [{ type: 'reasoning.text', text: 'Weigh.', signature: 's' }];
  const extra = { google: { thought_signature: 't' } };
  const messages: StreamRequest['messages'] = [
    {
      role: 'assistant',
      content: [
        { type: 'reasoning', text: 'Weigh', providerMetadata: { openai: { reasoning_details: details } } },
        { type: 'reasoning', text: ' both.', providerMetadata: { anthropic: { signature: 'x' } } },
        { type: 'text', text: 'I look.', providerMetadata: { openai: { extra_content: extra } } },
        { type: 'provider-item', format: 'anthropic', item: { type: 'redacted_thinking', data: 'x' } },
        { type: 'tool-call', toolCallId: 'c1', toolName: 'look', input: {}, providerMetadata: { openai: { extra_content: extra } } },
      ],
    },
    { role: 'user', content: 'And?' },
    {
      role: 'assistant',
      content: [
        { type: 'reasoning', text: 'Done.' },
        { type: 'text', text: 'So.' },
      ],
    },
  ];
  const call = { id: 'c1', type: 'function', function: { name: 'look', arguments: '{}' } };
  const answer = { role: 'assistant', content: 'I look.', tool_calls: [call] };
  const last = [
    { role: 'user', content: 'And?' },
    { role: 'assistant', content: 'So.' },
  ];

  test.each<[string, OpenAIPreset | undefined, object]>([
    ['DeepSeek', presets.deepSeek, { ...answer, reasoning_content: 'Weigh both.' }],
    ['Moonshot', presets.moonshot, { ...answer, reasoning_content: 'Weigh both.' }],
    ['vLLM', presets.vllm, { ...answer, reasoning: 'Weigh both.' }],
    ['OpenRouter', presets.openRouter, { ...answer, reasoning_details: details }],
    ['Groq', presets.groq, answer],
    [
      'a server of which nothing is known',
      undefined,
      { ...answer, reasoning_details: details, extra_content: extra, tool_calls: [{ ...call, extra_content: extra }] },
    ],
  ])('to %s is what it asks for, with the calls of a tool', (_name, preset, expected) => {
    const { body = '' } = requestOf({ preset, baseURL: 'https://a.example/v1' }, { ...hello, messages });
    expect(JSON.parse(body).messages).toEqual([expected, ...last]);
  });

  it('is the reasoning of every message of a turn in which a tool was called, and of no other', () => {
    const thought = (text: string) => ({ type: 'reasoning', text }) as const;
    const call = { type: 'tool-call', toolCallId: 'c1', toolName: 'look', input: {} } as const;
    const result = { type: 'tool-result', toolCallId: 'c1', toolName: 'look', output: 'x' } as const;
    const said = (text: string) => ({ type: 'text', text }) as const;
    const turns: StreamRequest['messages'] = [
      { role: 'user', content: 'One?' },
      { role: 'assistant', content: [thought('w1'), said('a')] },
      { role: 'user', content: 'Two?' },
      { role: 'assistant', content: [thought('w2'), call] },
      { role: 'user', content: [result] },
      { role: 'assistant', content: [thought('w3'), said('b')] },
      { role: 'user', content: 'Three?' },
      { role: 'assistant', content: [thought('w4'), said('c')] },
    ];
    const sent: { role: string; reasoning_content?: string }[] = bodyOf(presets.deepSeek, { messages: turns }).messages;
    const answers = sent.filter(({ role }) => role === 'assistant');
    expect(answers.map(({ reasoning_content }) => reasoning_content)).toEqual([undefined, 'w2', 'w3', undefined]);
  });

  it('to OpenAI itself is nothing that it would refuse', () => {
    expect(JSON.parse(requestOf({}, { ...hello, messages }).body ?? '').messages).toEqual([answer, ...last]);
  });
});

describe('an answer that came goes back', () => {
  const call = (extra: object = {}) =>
    chunk({ tool_calls: [{ index: 0, id: 'c1', function: { name: 'look', arguments: '{"q":"a"}' }, ...extra }] });
  const sentBack = (options: OpenAIOptions, ...messages: Parameters<typeof decodeAll>[1][number][]) => {
    const provider = openai(options);
    const builder = new ResultBuilder();
    for (const each of decodeAll(provider.decoder(head()), [...messages, stop('tool_calls'), done]).events) builder.add(each);
    return JSON.parse(provider.request({ ...hello, messages: builder.snapshot().messages }, context).body ?? '').messages;
  };
  const tool_calls = [{ id: 'c1', type: 'function', function: { name: 'look', arguments: '{"q":"a"}' } }];

  it('to DeepSeek with its reasoning', () => {
    const messages = [chunk({ reasoning_content: 'Weigh' }), chunk({ reasoning_content: ' both.' }), chunk({ content: 'I look.' }), call()];
    expect(sentBack({ preset: presets.deepSeek }, ...messages)).toEqual([
      { role: 'assistant', content: 'I look.', reasoning_content: 'Weigh both.', tool_calls },
    ]);
  });

  it('with its reasoning alone, where that is all it says, and the server takes it', () => {
    const thought = { role: 'assistant', content: [{ type: 'reasoning', text: 'Hm.' }] } as const;
    const called = { role: 'assistant', content: [{ type: 'tool-call', toolCallId: 'c1', toolName: 'look', input: { q: 'a' } }] } as const;
    const sent = (messages: StreamRequest['messages'], preset: OpenAIPreset) =>
      JSON.parse(openai({ preset }).request({ ...hello, messages }, context).body ?? '').messages;
    const alone = { role: 'assistant', content: '', reasoning_content: 'Hm.' };
    expect(sent([thought, called], presets.deepSeek)[0]).toEqual(alone);
    // Only in turns in which a tool was called is it wanted.
    expect(sent([...hello.messages, thought], presets.deepSeek)).toHaveLength(1);
    // What is left out leaves nothing to go on from.
    expect(sent([...hello.messages, thought], presets.mistral)).toEqual([{ role: 'user', content: 'Hi' }]);
  });

  it('to OpenRouter with the details of its reasoning', () => {
    const detail = (more: object) => ({ type: 'reasoning.text', index: 0, ...more });
    const messages = [
      chunk({ reasoning: 'Weigh', reasoning_details: [detail({ text: 'Weigh' })] }),
      chunk({ reasoning: ' both.', reasoning_details: [detail({ text: ' both.' })] }),
      call(),
      chunk({ content: '', reasoning_details: [detail({ signature: 'sig' })] }),
    ];
    expect(sentBack({ preset: presets.openRouter }, ...messages)).toEqual([
      { role: 'assistant', content: null, reasoning_details: [detail({ text: 'Weigh both.', signature: 'sig' })], tool_calls },
    ]);
  });

  it('to Gemini’s server of this kind with the signatures of its thoughts', () => {
    const extra_content = { google: { thought_signature: 'sig' } };
    const gemini = { name: 'gemini', baseURL: 'https://generativelanguage.googleapis.com/v1beta/openai' };
    expect(sentBack(gemini, call({ extra_content }))).toEqual([
      { role: 'assistant', content: null, tool_calls: [{ ...tool_calls[0], extra_content }] },
    ]);
    const texts = Array.from({ length: 20 }, (_, index) => chunk({ content: `${index} ` }));
    expect(sentBack(gemini, ...texts, chunk({ content: '', extra_content }))).toEqual([
      { role: 'assistant', content: texts.map((_, index) => `${index} `).join(''), extra_content },
    ]);
  });
});

describe('think tags', () => {
  const provider = (options: OpenAIOptions) => openai({ baseURL: 'https://a.example/v1', ...options });
  const decode = (options: OpenAIOptions, ...texts: string[]) => {
    const messages = [...texts.map((content) => chunk({ content })), stop(), done];
    const { text, reasoning } = decodeAll(provider(options).decoder(head()), messages);
    return { text, reasoning };
  };

  it('are split out, unless the options say no, or the preset', () => {
    const texts = ['<think>w</thi', 'nk>a'];
    expect(decode({}, ...texts)).toEqual({ text: 'a', reasoning: 'w' });
    expect(decode({ thinkTags: false }, ...texts)).toEqual({ text: '<think>w</think>a', reasoning: '' });
    expect(decode({ preset: { name: 'own', thinkTags: false } }, ...texts)).toEqual({ text: '<think>w</think>a', reasoning: '' });
    expect(decode({ preset: { name: 'own', thinkTags: false }, thinkTags: true }, ...texts)).toEqual({ text: 'a', reasoning: 'w' });
  });

  it('may be others, or stand elsewhere, or have been opened in the prompt', () => {
    expect(decode({ thinkTags: { opening: '<r>', closing: '</r>' } }, '<r>w</r>a')).toEqual({ text: 'a', reasoning: 'w' });
    expect(decode({ thinkTags: { startsInside: true } }, 'w</think>a')).toEqual({ text: 'a', reasoning: 'w' });
    const texts = ['a<think>w</think>b<think>', 'x</think>c'];
    expect(decode({ thinkTags: { anywhere: true } }, ...texts)).toEqual({ text: 'abc', reasoning: 'wx' });
  });
});

describe('options', () => {
  test.each<[string, unknown, RegExp]>([
    ['a member that is none', { name: 'x', url: 'y' }, /^openai: preset\.url is not an option$/],
    ['no name', {}, /^openai: preset\.name is missing/],
    ['another type', 'groq', /^openai: preset must be a preset, got "groq"$/],
    [
      'an unknown member for the limit',
      { name: 'x', maxTokens: 'max' },
      /^openai: preset\.maxTokens must be max_tokens or max_completion_tokens/,
    ],
    ['an effort that is missing', { name: 'x', reasoningEffort: { none: {} } }, /^openai: preset\.reasoningEffort\.minimal is missing/],
    ['a header that is none', { name: 'x', keyHeader: 'a b' }, /^openai: preset\.keyHeader must be the name of a header/],
    ['an unknown feature', { name: 'x', unsupported: ['everything'] }, /^openai: preset\.unsupported\.0 must be a list of/],
    ['tags that are empty', { name: 'x', thinkTags: { opening: '' } }, /^openai: preset\.thinkTags\.opening must not be empty/],
    ['an address that is none', { name: 'x', baseURL: 'user:secret-1@a.example' }, /^openai: baseURL must be an absolute URL [^@]*$/],
  ])('a preset with %s throws at once and names the member', (_name, preset, message) => {
    const attempt = () => openai({ preset } as OpenAIOptions);
    expect(attempt).toThrow(TypeError);
    expect(attempt).toThrow(message);
    expect(attempt).not.toThrow(/secret/);
  });

  it('think tags of another type throw', () => {
    expect(() => openai({ thinkTags: 5 } as never)).toThrow(/^openai: thinkTags must be true, false, or the tags, got 5$/);
    expect(() => openai({ thinkTags: { tag: 'x' } } as never)).toThrow(/^openai: thinkTags\.tag is not an option$/);
  });
});

test('a word that a server means in its own way is read so', () => {
  const preset: OpenAIPreset = { name: 'own', baseURL: 'https://a.example', errors: { codes: { overloaded: 'rate_limit_exceeded' } } };
  const provider = openai({ preset });
  const { error } = decodeAll(provider.decoder(head()), [message({ error: { code: 'rate_limit_exceeded' } })]);
  expect(classified(provider, error).category).toBe('overloaded');
});

test('a preset says how a model goes on from an answer that has begun, where the server can', () => {
  const messages = [
    { role: 'user', content: 'Count' },
    { role: 'assistant', content: 'One, two' },
  ] as const;
  const last = (preset: OpenAIPreset) => bodyOf(preset, { messages });
  expect(last(presets.mistral).messages.at(-1)).toEqual({ role: 'assistant', content: 'One, two', prefix: true });
  expect(last(presets.vllm)).toMatchObject({ continue_final_message: true, add_generation_prompt: false });
  expect(bodyOf(presets.vllm, { messages: [messages[0]] })).not.toHaveProperty('continue_final_message');
  expect(last(presets.groq).messages.at(-1)).toEqual({ role: 'assistant', content: 'One, two' });
  expect(openai({ preset: presets.mistral }).capabilities?.prefill?.('m', { model: 'm', messages })).toBe(true);
  expect(openai().capabilities?.prefill?.('m', { model: 'm', messages })).toBe(false);
});
