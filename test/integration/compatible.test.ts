import { describe, expect, it } from 'vitest';
import { type OpenAIPreset, openai, presets, xai } from '../../src/index.ts';
import { clientOf, collect, expectError, expectText, request, serve } from './support.ts';

const once = { retry: { maxAttempts: 1 } };
const data = (body: unknown): string => `data: ${typeof body === 'string' ? body : JSON.stringify(body)}\n\n`;
const chunk = (delta: unknown, more: object = {}, top: object = {}): string =>
  data({ id: 'cc-1', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta, ...more }], ...top });
const done = data('[DONE]');
const usage = { prompt_tokens: 9, completion_tokens: 5, total_tokens: 14 };
const finish = { finish_reason: 'stop' };

/** How each of them streams, in its own manner; all say the same. */
const streams: Record<string, { readonly preset?: OpenAIPreset; readonly events: readonly string[]; readonly reasoning?: string }> = {
  'Azure OpenAI': {
    preset: presets.azure,
    events: [
      data({
        id: '',
        object: '',
        created: 0,
        model: '',
        choices: [],
        prompt_filter_results: [{ prompt_index: 0, content_filter_results: {} }],
      }),
      chunk({ role: 'assistant', content: '', refusal: null }, { finish_reason: null, content_filter_results: {} }, { obfuscation: 'x' }),
      chunk({ content: 'Hello' }, { finish_reason: null, content_filter_results: { hate: { filtered: false } } }, { obfuscation: 'xy' }),
      chunk({ content: ' there' }, { finish_reason: null }, { obfuscation: 'x' }),
      chunk({}, finish),
      data({ choices: [], usage }),
      done,
    ],
  },
  OpenRouter: {
    preset: presets.openRouter,
    reasoning: 'Weigh both.',
    events: [
      ': OPENROUTER PROCESSING\n\n',
      chunk({ role: 'assistant', content: '', reasoning: 'Weigh', reasoning_details: [{ type: 'reasoning.text', text: 'Weigh' }] }),
      chunk({ content: '', reasoning: ' both.', reasoning_details: [{ type: 'reasoning.text', text: ' both.' }] }),
      ': OPENROUTER PROCESSING\n\n',
      chunk({ content: 'Hello', reasoning: null, reasoning_details: [] }),
      chunk({ content: ' there', reasoning: null, reasoning_details: [] }),
      chunk({ content: '' }, { ...finish, native_finish_reason: 'completed' }),
      chunk({ content: '' }, {}, { usage: { ...usage, cost: 0.1 } }),
      done,
    ],
  },
  Groq: {
    preset: presets.groq,
    reasoning: 'Weigh.',
    events: [
      chunk({ role: 'assistant', content: '' }, {}, { x_groq: { id: 'req_1' } }),
      chunk({ reasoning: 'Weigh.' }),
      chunk({ content: 'Hello there' }),
      chunk({}, finish, { x_groq: { id: 'req_1', usage } }),
      done,
    ],
  },
  Mistral: {
    preset: presets.mistral,
    reasoning: 'Weigh.',
    events: [
      chunk({ role: 'assistant', content: '' }, { finish_reason: null }),
      chunk({ content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'Weigh' }] }] }, { finish_reason: null }),
      chunk({ content: [{ type: 'thinking', thinking: [{ type: 'text', text: '.' }] }] }, { finish_reason: null }),
      chunk({ content: [{ type: 'text', text: 'Hello' }] }, { finish_reason: null }),
      chunk({ content: ' there' }, finish, { usage }),
      done,
    ],
  },
  DeepSeek: {
    preset: presets.deepSeek,
    reasoning: 'Weigh.',
    events: [
      ': keep-alive\n\n',
      ': keep-alive\n\n',
      chunk({ role: 'assistant', content: null, reasoning_content: '' }, { finish_reason: null }, { usage: null }),
      chunk({ content: null, reasoning_content: 'Weigh.' }, { finish_reason: null }, { usage: null }),
      chunk({ content: 'Hello', reasoning_content: null }, { finish_reason: null }, { usage: null }),
      chunk({ content: ' there', reasoning_content: null }, { finish_reason: null }, { usage: null }),
      chunk({ content: '', reasoning_content: null }, finish, { usage: { ...usage, prompt_cache_hit_tokens: 8 } }),
      done,
    ],
  },
  Moonshot: {
    preset: presets.moonshot,
    events: [chunk({ role: 'assistant', content: 'Hello there' }), chunk({}, { ...finish, usage: { ...usage, cached_tokens: 8 } }), done],
  },
  vLLM: {
    preset: presets.vllm,
    reasoning: 'Weigh.',
    events: [
      chunk({ role: 'assistant', content: '' }, {}, { usage: { ...usage, completion_tokens: 0, total_tokens: 9 } }),
      chunk({ reasoning: 'Weigh.', reasoning_content: 'Weigh.' }, {}, { usage: { ...usage, completion_tokens: 2, total_tokens: 11 } }),
      chunk({ content: 'Hello there' }, {}, { usage: { ...usage, completion_tokens: 4, total_tokens: 13 } }),
      chunk({ content: '' }, { ...finish, stop_reason: null }, { usage }),
      data({ choices: [], usage }),
      done,
    ],
  },
  Ollama: {
    preset: presets.ollama,
    reasoning: 'Weigh.',
    events: [
      chunk({ role: 'assistant', content: '', reasoning: 'Weigh.' }, { finish_reason: null }),
      chunk({ role: 'assistant', content: 'Hello' }, { finish_reason: null }),
      chunk({ role: 'assistant', content: ' there' }, { finish_reason: null }),
      chunk({ role: 'assistant', content: '' }, finish),
      data({ choices: [], usage }),
      done,
    ],
  },
  'llama.cpp': {
    preset: presets.llamaCpp,
    reasoning: 'Weigh.',
    events: [
      chunk({ role: 'assistant', content: null }, { finish_reason: null }),
      chunk({ reasoning_content: 'Weigh.' }, { finish_reason: null }),
      chunk({ content: 'Hello there' }, { finish_reason: null }),
      chunk({}, finish),
      data({ choices: [], usage, timings: { predicted_n: 5 } }),
      done,
    ],
  },
  Cloudflare: {
    preset: presets.cloudflare,
    events: [
      chunk({ role: 'assistant', content: 'Hello' }),
      chunk({ content: '' }, finish, { usage: { ...usage, completion_tokens: 3, total_tokens: 12 } }),
      chunk({ content: ' there' }),
      chunk({}, finish, { usage }),
      done,
      done,
    ],
  },
  Qwen: {
    preset: presets.qwen,
    reasoning: 'Weigh.',
    events: [
      chunk({ role: 'assistant', content: null, reasoning_content: 'Weigh.' }, { finish_reason: null }),
      chunk({ content: 'Hello there', reasoning_content: null }, { finish_reason: null }),
      chunk({ content: '', reasoning_content: null }, finish),
      data({ choices: [], usage }),
      done,
    ],
  },
  xAI: {
    reasoning: 'Weigh.',
    events: [
      chunk({ role: 'assistant', reasoning_content: 'Weigh.' }),
      chunk({ role: 'assistant', content: 'Hello' }),
      chunk({ role: 'assistant', content: ' there' }),
      chunk({}, finish),
      data({ choices: [], usage: { ...usage, completion_tokens: 3, completion_tokens_details: { reasoning_tokens: 2 } } }),
      done,
    ],
  },
};

describe.each(Object.entries(streams))('a stream as %s sends it', (_name, { preset, events, reasoning = '' }) => {
  const provider = (baseURL: string) => (preset ? openai({ preset, baseURL, apiKey: 'key' }) : xai({ baseURL, apiKey: 'key' }));

  it('is one answer with its reasoning and its usage, whole', async () => {
    const server = await serve({ events, split: 7 });
    const ending = await collect(clientOf('openai', server.url, { ...once, provider: provider(server.url) }).stream(request));
    expectText(ending, 'Hello there');
    expect(ending.events.map((event) => (event.type === 'reasoning-delta' ? event.text : '')).join('')).toBe(reasoning);
    expect(ending.events.at(-1)).toMatchObject({
      type: 'finish',
      finishReason: 'stop',
      usage: { inputTokens: 9, outputTokens: 5, totalTokens: 14 },
    });
    expect(ending.events[0]).toMatchObject({ type: 'start', provider: preset?.name ?? 'xai' });
  });

  it('that breaks off before its end is interrupted', async () => {
    const server = await serve({
      events: events.slice(
        0,
        events.findIndex((event) => event.includes('"finish_reason":"stop"')),
      ),
    });
    const ending = await collect(clientOf('openai', server.url, { ...once, provider: provider(server.url) }).stream(request));
    expectError(ending, { category: 'interrupted' });
  });
});

it('an error of xAI in JSON with a status of 200 is that error, and never an empty answer', async () => {
  const server = await serve({ body: { code: 'The service is currently unavailable', error: 'Please try again later.' } });
  const provider = xai({ baseURL: server.url, apiKey: 'key' });
  const ending = await collect(clientOf('openai', server.url, { ...once, provider }).stream(request));
  expectError(ending, { category: 'overloaded' });
});

it('an error of OpenRouter inside the stream, told twice, is one error', async () => {
  const error = { code: 502, message: 'Provider disconnected', metadata: { provider_name: 'x' } };
  const server = await serve({ events: [chunk({ content: 'Hel' }), chunk({ content: '' }, { finish_reason: 'error' }, { error }), done] });
  const provider = openai({ preset: presets.openRouter, baseURL: server.url, apiKey: 'key' });
  const ending = await collect(clientOf('openai', server.url, { ...once, provider }).stream(request));
  expectError(ending, { category: 'server-error' });
  expect(ending.text).toBe('Hel');
});

it('what a server cannot do is refused before anything is sent', async () => {
  const server = await serve({ text: 'x' });
  const provider = openai({ preset: presets.deepSeek, baseURL: server.url, apiKey: 'key' });
  const asked = { ...request, responseFormat: { type: 'json-schema', name: 'a', schema: {} } } as const;
  const ending = await collect(clientOf('openai', server.url, { ...once, provider }).stream(asked));
  expectError(ending, { category: 'invalid-request' });
  expect(ending.error?.message).toContain('responseFormat.json-schema');
  expect(server.requests).toEqual([]);
});
