import { createAnthropic } from '@ai-sdk/anthropic';
import { createOpenAI } from '@ai-sdk/openai';
import Anthropic from '@anthropic-ai/sdk';
import { ChatAnthropic } from '@langchain/anthropic';
import type { AIMessageChunk } from '@langchain/core/messages';
import { ChatOpenAI } from '@langchain/openai';
import { embed, generateText, streamText, tool } from 'ai';
import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type Answer, responsesEvents } from '../../src/testing/fault-server.ts';
import { serve } from '../integration/support.ts';
import { providerErrorIn, quickFetch } from './support.ts';

type Fetch = typeof globalThis.fetch;

(globalThis as { AI_SDK_LOG_WARNINGS?: boolean }).AI_SDK_LOG_WARNINGS = false;

const messages = [{ role: 'user' as const, content: 'Hello' }];
const apiKey = 'test-key';
const root = (url: string) => url.replace(/\/v1$/, '');
const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };

const chatBody = {
  id: 'c-1',
  object: 'chat.completion',
  created: 1,
  model: 'm-1',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }],
  usage,
};
const messageBody = {
  id: 'msg-1',
  type: 'message',
  role: 'assistant',
  model: 'm-1',
  content: [{ type: 'text', text: 'Hi' }],
  stop_reason: 'end_turn',
  stop_sequence: null,
  usage: { input_tokens: 1, output_tokens: 1 },
};
const embeddingBody = { object: 'list', model: 'm-1', data: [{ object: 'embedding', index: 0, embedding: [0.5, 1] }], usage };

describe('a call that does not stream', () => {
  const calls: readonly (readonly [string, object, (url: string, fetch: Fetch) => Promise<unknown>, unknown])[] = [
    [
      'openai chat',
      chatBody,
      async (baseURL, fetch) => {
        const sdk = new OpenAI({ apiKey, baseURL, fetch, maxRetries: 0 });
        return (await sdk.chat.completions.create({ model: 'm-1', messages })).choices[0]?.message.content;
      },
      'Hi',
    ],
    [
      'openai embeddings',
      embeddingBody,
      async (baseURL, fetch) => {
        const sdk = new OpenAI({ apiKey, baseURL, fetch, maxRetries: 0 });
        return (await sdk.embeddings.create({ model: 'm-1', input: 'x', encoding_format: 'float' })).data[0]?.embedding;
      },
      [0.5, 1],
    ],
    [
      'openai models',
      { object: 'list', data: [{ id: 'm-1', object: 'model', created: 1, owned_by: 'x' }] },
      async (baseURL, fetch) => (await new OpenAI({ apiKey, baseURL, fetch, maxRetries: 0 }).models.list()).data[0]?.id,
      'm-1',
    ],
    [
      'anthropic messages',
      messageBody,
      async (baseURL, fetch) => {
        const sdk = new Anthropic({ apiKey, baseURL: root(baseURL), fetch, maxRetries: 0 });
        return (await sdk.messages.create({ model: 'm-1', max_tokens: 9, messages })).stop_reason;
      },
      'end_turn',
    ],
    [
      'ai-sdk generateText',
      chatBody,
      async (baseURL, fetch) => {
        const model = createOpenAI({ apiKey, baseURL, fetch }).chat('m-1');
        return (await generateText({ model, prompt: 'x', maxRetries: 0 })).text;
      },
      'Hi',
    ],
    [
      'ai-sdk embed',
      embeddingBody,
      async (baseURL, fetch) => {
        const model = createOpenAI({ apiKey, baseURL, fetch }).embedding('m-1');
        return (await embed({ model, value: 'x', maxRetries: 0 })).embedding;
      },
      [0.5, 1],
    ],
    [
      'langchain ChatOpenAI',
      chatBody,
      async (baseURL, fetch) =>
        (await new ChatOpenAI({ model: 'm-1', apiKey, maxRetries: 0, configuration: { baseURL, fetch } }).invoke('x')).text,
      'Hi',
    ],
    [
      'langchain ChatAnthropic',
      messageBody,
      async (url, fetch) => {
        const chat = new ChatAnthropic({ model: 'm-1', apiKey, anthropicApiUrl: root(url), maxRetries: 0, clientOptions: { fetch } });
        return (await chat.invoke('x')).text;
      },
      'Hi',
    ],
  ];

  it.each(calls)('is asked for again after a 503 and after a broken body: %s', async (_, body, call, expected) => {
    const server = await serve([{ status: 503 }, { body, after: 20, fault: 'reset' }, { body }]);
    expect(await call(server.url, quickFetch())).toEqual(expected);
    expect(server.requests).toHaveLength(3);
    expect(new Set(server.requests.map(({ headers }) => headers['idempotency-key'])).size).toBe(1);
  });
});

describe('Responses of OpenAI', () => {
  const events = responsesEvents({ text: 'one two three', id: 'resp-1' });
  const answer = { wire: 'openai-responses' } as const;
  const typesOf = async (stream: AsyncIterable<{ type: string }>): Promise<string[]> => {
    const types: string[] = [];
    for await (const { type } of stream) types.push(type);
    return types;
  };

  it('that are read again, or taken up, are whole or an error too', async () => {
    const rest = events.slice(6);
    const server = await serve([
      { ...answer, events: [] },
      { ...answer, events },
      { ...answer, events: events.slice(0, -1) },
      { ...answer, events: rest },
      { ...answer, events: rest.slice(0, -1) },
      { ...answer, body: { id: 'resp-1', object: 'response', output: [] } },
    ]);
    const sdk = new OpenAI({ apiKey, baseURL: server.url, fetch: quickFetch(), maxRetries: 0 });
    const read = async (more: object = {}) => typesOf(await sdk.responses.retrieve('resp-1', { ...more, stream: true }));
    expect((await read()).at(-1)).toBe('response.completed');
    await expect(read()).rejects.toMatchObject({ category: 'interrupted' });
    expect((await read({ starting_after: 5 })).at(-1)).toBe('response.completed');
    await expect(read({ starting_after: 5 })).rejects.toMatchObject({ category: 'interrupted' });
    expect((await sdk.responses.retrieve('resp-1')).id).toBe('resp-1');
    expect(server.requests).toHaveLength(6);
  });

  it('that failed end with their own event and an error, and not as if they were whole', async () => {
    const response = { id: 'resp-1', object: 'response', status: 'failed', error: { code: 'server_error', message: 'broke' }, output: [] };
    const failed = `event: response.failed\ndata: ${JSON.stringify({ type: 'response.failed', sequence_number: 1, response })}\n\n`;
    const server = await serve({ ...answer, events: [...events.slice(0, 1), failed] });
    const seen: string[] = [];
    const read = async (fetch: Fetch): Promise<void> => {
      const sdk = new OpenAI({ apiKey, baseURL: server.url, fetch, maxRetries: 0 });
      for await (const { type } of await sdk.responses.create({ model: 'm-1', input: 'x', stream: true })) seen.push(type);
    };
    await read(globalThis.fetch);
    await expect(read(quickFetch())).rejects.toMatchObject({ category: 'server-error', gaveUp: 'attempts' });
    expect(seen).toEqual(['response.created', 'response.failed', 'response.created', 'response.failed']);
  });
});

describe('a tool call', () => {
  const toolCalls = [{ name: 'weather', id: 'call_1', inputFragments: ['{"city":', '"Rome","days":', '3}'] }];
  const good: Answer = { toolCalls };
  const cut: Answer = { toolCalls, after: 2, fault: 'end' };
  const inputSchema = z.object({ city: z.string(), days: z.number() });

  it.each(['chat', 'responses', 'anthropic'] as const)('comes whole, or the call of the AI SDK fails and no tool runs: %s', async (api) => {
    const server = await serve([good, cut]);
    const settings = { apiKey, baseURL: server.url, fetch: quickFetch() };
    const run = async (): Promise<unknown[]> => {
      const inputs: unknown[] = [];
      const model = api === 'anthropic' ? createAnthropic(settings)('m-1') : createOpenAI(settings)[api]('m-1');
      const weather = tool({ inputSchema, execute: (input) => inputs.push(input) });
      const answer = streamText({ model, prompt: 'x', maxRetries: 0, tools: { weather }, onError: () => undefined });
      await answer.consumeStream({ onError: () => undefined });
      const reason = await Promise.resolve(answer.finishReason).catch((error: unknown) => error);
      return [...inputs, reason];
    };
    expect(await run()).toEqual([{ city: 'Rome', days: 3 }, 'tool-calls']);
    const [error, ...more] = await run();
    expect(more).toEqual([]);
    expect(providerErrorIn(error)).toMatchObject({ category: 'interrupted' });
  });

  it('that is cut is a call with half of its arguments to LangChain alone, and an error behind it', async () => {
    const server = await serve(cut);
    const callsOf = async (fetch?: Fetch) => {
      const configuration = { baseURL: server.url, ...(fetch && { fetch }) };
      const chat = new ChatOpenAI({ model: 'm-1', apiKey, maxRetries: 0, configuration });
      const chunks: AIMessageChunk[] = [];
      for await (const chunk of await chat.stream('x')) chunks.push(chunk);
      return chunks.reduce((all, chunk) => all.concat(chunk)).tool_calls?.map(({ args }) => args);
    };
    expect(await callsOf()).toEqual([{ city: 'Rome' }]);
    await expect(callsOf(quickFetch())).rejects.toMatchObject({ category: 'interrupted' });
  });
});

describe('who reads an answer of the AI SDK in another way', () => {
  it('hears of the error too: in textStream, in text, in the stream for a page', async () => {
    const server = await serve({ text: 'one two three', after: 1, fault: 'end' });
    const model = createOpenAI({ apiKey, baseURL: server.url, fetch: quickFetch() }).chat('m-1');
    const answer = () => streamText({ model, prompt: 'x', maxRetries: 0, onError: () => undefined });
    const readers: readonly (() => PromiseLike<unknown>)[] = [
      async () => {
        for await (const _ of answer().textStream);
      },
      () => answer().text,
      () => answer().toUIMessageStreamResponse().text(),
    ];
    for (const read of readers) {
      const error = await Promise.resolve(read()).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(providerErrorIn(error), String(error)).toMatchObject({ category: 'interrupted' });
    }
  });
});
