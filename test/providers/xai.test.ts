import { expect, it, test } from 'vitest';
import type { RequestContext } from '../../src/core/context.ts';
import type { StreamRequest } from '../../src/core/request.ts';
import { type XAIOptions, xai } from '../../src/providers/xai.ts';
import { chunk, classified, decodeAll, done, head, message } from './decoding.ts';

const context: RequestContext = { requestId: 'req_1', attempt: 1, signal: new AbortController().signal };
const hello: StreamRequest = { model: 'grok', messages: [{ role: 'user', content: 'Hi' }] };
const provider = xai({ apiKey: 'key' });

/** xAI leaves `finish_reason` out until there is one. */
const say = (delta: object) => chunk(delta, { finish_reason: undefined });

it('has an address, a name and members of its own', () => {
  const request = provider.request({ ...hello, maxOutputTokens: 5, reasoningEffort: 'minimal', seed: 1, metadata: { a: 'b' } }, context);
  expect(provider.name).toBe('xai');
  expect(request.url).toBe('https://api.x.ai/v1/chat/completions');
  expect(request.headers).toMatchObject({ authorization: 'Bearer key' });
  expect(JSON.parse(request.body ?? '')).toEqual({
    model: 'grok',
    messages: [{ role: 'user', content: 'Hi' }],
    max_completion_tokens: 5,
    seed: 1,
    reasoning_effort: 'low',
    stream: true,
    stream_options: { include_usage: true },
  });
});

it('reads an answer without finish reasons on its deltas, with a whole tool call in one of them, and usage behind it', () => {
  const { reasoning, text, toolCalls, finish, error } = decodeAll(provider.decoder(head()), [
    say({ role: 'assistant', reasoning_content: 'Weigh.' }),
    say({ content: 'I ' }),
    say({ content: 'look.' }),
    say({ tool_calls: [{ index: 0, id: 'c1', type: 'function', function: { name: 'look', arguments: '{"q":"a"}' } }] }),
    chunk({}, { finish_reason: 'tool_calls' }),
    message({
      choices: [],
      usage: { prompt_tokens: 9, completion_tokens: 5, total_tokens: 17, completion_tokens_details: { reasoning_tokens: 3 } },
    }),
    done,
  ]);
  expect({ reasoning, text, toolCalls, error }).toEqual({
    reasoning: 'Weigh.',
    text: 'I look.',
    toolCalls: [{ id: 'c1', name: 'look', input: { q: 'a' } }],
    error: undefined,
  });
  expect(finish).toMatchObject({ finishReason: 'tool-calls', usage: { outputTokens: 8, totalTokens: 17 } });
});

test.each<[string, number, object, string]>([
  [
    'an error that is a text, with a status of 200',
    200,
    { code: 'The service is currently unavailable', error: 'Try later' },
    'overloaded',
  ],
  [
    'a team without credits',
    403,
    {
      code: 'The caller does not have permission to execute the specified operation',
      error: "Your newly created team doesn't have any credits or licenses yet.",
    },
    'quota-exhausted',
  ],
  ['an exhausted resource', 429, { code: 'Some resource has been exhausted', error: 'Too many requests' }, 'rate-limit'],
  ['a wrong key', 400, { code: 'Client specified an invalid argument', error: 'Incorrect API key provided: xa***' }, 'authentication'],
])('reads %s', (_name, status, body, category) => {
  const facts = { status: status === 200 ? undefined : status, body, headers: new Headers() };
  expect(classified(provider, facts).category).toBe(category);
});

test.each<[string, unknown, RegExp]>([
  ['an unknown option', { organization: 'x' }, /^xai: organization is not an option$/],
  ['a preset', { preset: { name: 'x' } }, /^xai: preset is not an option$/],
  ['an empty key', { apiKey: '' }, /^xai: apiKey must not be empty/],
])('%s throws at once and names the option', (_name, options, words) => {
  expect(() => xai(options as XAIOptions)).toThrow(TypeError);
  expect(() => xai(options as XAIOptions)).toThrow(words);
});
