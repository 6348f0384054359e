import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isProviderError } from '../../src/core/provider-error.ts';
import type { Part, StreamRequest } from '../../src/core/request.ts';
import { invalidRequest } from '../../src/core/request-schema.ts';
import { ResultBuilder } from '../../src/core/result-builder.ts';
import type { SseMessage } from '../../src/core/transport.ts';
import { anthropic } from '../../src/providers/anthropic.ts';
import { openai } from '../../src/providers/openai.ts';
import { presets } from '../../src/providers/presets.ts';
import { xai } from '../../src/providers/xai.ts';
import { decodeAll, head } from '../providers/decoding.ts';
import { numRuns, timeout } from './runs.ts';

const baseURL = 'https://a.example/v1';
const providers = [
  anthropic(),
  openai(),
  xai(),
  openai({ baseURL }),
  ...Object.values(presets).map((preset) => openai({ preset, baseURL })),
];
const context = { requestId: 'req_1', attempt: 1, signal: new AbortController().signal };

const word = fc.constantFrom('', 'a', ' \n', '日本', '🚀', '\ud83d', '"', '__proto__', 'call_0123456789');
const filled = fc.constantFrom('a', 'c1', 'call_0123456789', '日本', '__proto__');
const json = fc.jsonValue({ maxDepth: 2 });
const metadata = fc.option(
  fc.dictionary(
    fc.constantFrom('openai', 'anthropic', 'gemini'),
    fc.dictionary(fc.constantFrom('signature', 'citations', 'extra_content', 'reasoning_details'), json),
  ),
  { nil: undefined },
);
const part: fc.Arbitrary<Part> = fc.oneof(
  fc.record({ type: fc.constant('text' as const), text: word, providerMetadata: metadata }),
  fc.record({ type: fc.constant('reasoning' as const), text: word, providerMetadata: metadata }),
  fc.record({
    type: fc.constant('image' as const),
    url: fc.constantFrom('https://a.example/i.png', 'data:image/png;base64,AAAA', 'data:,x'),
  }),
  fc.record({ type: fc.constant('image' as const), data: fc.uint8Array({ maxLength: 5 }), mediaType: fc.constant('image/png') }),
  fc.record({ type: fc.constant('tool-call' as const), toolCallId: filled, toolName: filled, input: json, providerMetadata: metadata }),
  fc.record({ type: fc.constant('tool-result' as const), toolCallId: filled, toolName: filled, output: json, isError: fc.boolean() }),
  fc.record({
    type: fc.constant('provider-item' as const),
    format: fc.constantFrom('openai', 'anthropic'),
    item: fc.dictionary(word, json),
  }),
);
const message = fc.record({
  role: fc.constantFrom('system' as const, 'user' as const, 'assistant' as const, 'tool' as const),
  content: fc.oneof(word, fc.array(part, { maxLength: 5 })),
});
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const request: fc.Arbitrary<StreamRequest> = fc.record({
  model: filled,
  messages: fc.array(message, { minLength: 1, maxLength: 6 }),
  tools: maybe(fc.array(fc.record({ name: filled, inputSchema: fc.dictionary(word, json) }), { maxLength: 2 })),
  toolChoice: maybe(fc.constantFrom('auto' as const, 'none' as const, 'required' as const, { toolName: 'a' })),
  temperature: maybe(fc.double({ min: 0, max: 2, noNaN: true })),
  maxOutputTokens: maybe(fc.integer({ min: 1, max: 1_000 })),
  stop: maybe(fc.array(word, { maxLength: 2 })),
  seed: maybe(fc.integer()),
  reasoningEffort: maybe(fc.constantFrom('none' as const, 'minimal' as const, 'low' as const, 'medium' as const, 'high' as const)),
  responseFormat: maybe(
    fc.oneof(
      fc.constant({ type: 'text' as const }),
      fc.constant({ type: 'json' as const }),
      fc.record({ type: fc.constant('json-schema' as const), name: filled, schema: fc.dictionary(word, json) }),
    ),
  ),
  metadata: maybe(fc.dictionary(filled, word)),
});

describe('a request', () => {
  it('becomes a body that is JSON and asks for a stream, or is invalid: nothing else is thrown, and the request is left as it was', {
    timeout,
  }, () => {
    fc.assert(
      fc.property(request, (asked) => {
        expect(invalidRequest(asked)).toBeUndefined();
        const before = structuredClone(asked);
        for (const provider of providers) {
          try {
            const body = JSON.parse(provider.request(asked, context).body ?? '');
            expect(body).toMatchObject({ stream: true, model: asked.model });
          } catch (error) {
            if (!isProviderError(error)) throw error;
            expect(error).toMatchObject({ category: 'invalid-request', retryable: false });
          }
        }
        expect(asked).toEqual(before);
      }),
      { numRuns },
    );
  });
});

/** Any value where a member is expected, and now and then the right one. */
const anything = (right: fc.Arbitrary<unknown>) => fc.oneof({ weight: 5, arbitrary: right }, { weight: 1, arbitrary: json });
const index = anything(fc.constantFrom(0, 1, 2, null, '__proto__', -1, 2 ** 40));
const piece = fc.constantFrom('', 'a', '{', '"q":1', '}', '{}', '<think>', '</think>', '\ud83d');
const object = (members: Record<string, fc.Arbitrary<unknown>>) => anything(fc.record(members, { requiredKeys: [] }));

const chatDelta = object({
  content: anything(
    fc.oneof(piece, fc.constant(null), fc.array(object({ type: fc.constantFrom('text', 'thinking'), text: piece, thinking: piece }))),
  ),
  reasoning_content: anything(piece),
  reasoning_details: anything(
    fc.array(object({ type: fc.constantFrom('reasoning.text', 'reasoning.encrypted'), text: piece, data: piece, index })),
  ),
  refusal: anything(piece),
  tool_calls: anything(
    fc.array(
      object({
        index,
        id: anything(fc.constantFrom('c1', 'c2', '', 'null')),
        function: object({ name: piece, arguments: piece }),
        extra_content: object({ google: json }),
      }),
      { maxLength: 2 },
    ),
  ),
  annotations: anything(fc.array(object({ url_citation: object({ url: piece }) }))),
  extra_content: object({ google: json }),
});
const counts = object({
  prompt_tokens: anything(fc.nat()),
  completion_tokens: anything(fc.nat()),
  input_tokens: anything(fc.nat()),
  cache_creation: json,
});
const chat = fc.oneof(
  fc.record(
    {
      id: anything(fc.constantFrom('c', '')),
      choices: anything(
        fc.array(
          object({
            index,
            delta: chatDelta,
            finish_reason: anything(fc.constantFrom('stop', 'length', 'tool_calls', null, '')),
            usage: counts,
          }),
          { maxLength: 2 },
        ),
      ),
      usage: counts,
      x_groq: object({ usage: counts, error: json }),
      citations: anything(fc.array(piece)),
      error: fc.constant(null),
    },
    { requiredKeys: [] },
  ),
  json,
  fc.constant('[DONE]'),
);

const block = object({
  type: fc.constantFrom('text', 'thinking', 'tool_use', 'server_tool_use', 'redacted_thinking', 'web_search_tool_result', 'compaction'),
  text: anything(piece),
  thinking: anything(piece),
  signature: anything(piece),
  id: anything(fc.constantFrom('t1', 't2')),
  name: anything(piece),
  input: json,
  content: json,
  citations: json,
});
const blockDelta = object({
  type: fc.constantFrom('text_delta', 'thinking_delta', 'signature_delta', 'input_json_delta', 'citations_delta', 'compaction_delta'),
  text: anything(piece),
  thinking: anything(piece),
  signature: anything(piece),
  partial_json: anything(piece),
  citation: object({ url: piece }),
  content: json,
});
const event = (type: string, members: Record<string, fc.Arbitrary<unknown>>) =>
  fc.record({ type: fc.constant(type), ...members }, { requiredKeys: ['type'] });
const messages = fc.oneof(
  event('message_start', { message: object({ id: fc.constantFrom('m1', 'm2'), usage: counts }) }),
  event('content_block_start', { index, content_block: block }),
  { weight: 3, arbitrary: event('content_block_delta', { index, delta: blockDelta }) },
  event('content_block_stop', { index }),
  event('message_delta', {
    delta: object({ stop_reason: fc.constantFrom('end_turn', 'tool_use', 'max_tokens', 'pause_turn'), stop_details: json }),
    usage: counts,
  }),
  event('message_stop', {}),
  json,
);

const formats = {
  'Chat Completions': { provider: openai(), body: chat },
  Messages: { provider: anthropic(), body: messages },
} as const;
describe.each(Object.entries(formats))('a stream of %s', (_name, { provider, body }) => {
  it('that is damaged anywhere gives sound events, then its finish or its error, and never anything else', { timeout }, () => {
    let finished = 0;
    let failed = 0;
    fc.assert(
      fc.property(fc.array(body, { maxLength: 30, size: 'max' }), fc.boolean(), (bodies, cut) => {
        const sent = bodies.map(
          (each): SseMessage => ({ type: 'message', event: '', data: each === '[DONE]' ? each : JSON.stringify(each), id: '' }),
        );
        // Throws what is no error of the stream.
        const { events, error, finish } = decodeAll(provider.decoder(head()), sent, cut);
        expect(events.filter(({ type }) => type === 'finish')).toHaveLength(finish ? 1 : 0);
        if (finish) expect(events.at(-1)).toBe(finish);
        if (finish) expect(error).toBeUndefined();
        if (finish) finished++;
        else if (error) failed++;
        const ids = events.flatMap((each) => (each.type === 'tool-call' ? [each.toolCallId] : []));
        if (provider.name === 'openai') expect(new Set(ids).size).toBe(ids.length);
        for (const each of events) {
          if (each.type !== 'usage' && each.type !== 'finish') continue;
          const { inputTokens, outputTokens, totalTokens } = each.usage;
          for (const count of [inputTokens, outputTokens, totalTokens]) expect(Number.isSafeInteger(count) && count >= 0).toBe(true);
        }
        // What came can go back, wherever it goes.
        const builder = new ResultBuilder();
        for (const each of events) builder.add(each);
        const answer = builder.snapshot().messages;
        const next: StreamRequest = { model: 'm', messages: [{ role: 'user', content: 'Hi' }, ...answer] };
        expect(invalidRequest(next)).toBeUndefined();
        for (const other of providers) expect(() => other.request(next, context)).not.toThrow();
      }),
      { numRuns },
    );
    // The property is worth little if no stream comes to its end.
    expect(Math.min(finished, failed)).toBeGreaterThan(numRuns / 20);
  });
});
