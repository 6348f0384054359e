import { firstValueFrom, lastValueFrom } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { gemini, result } from '../../src/index.ts';
import type { Answer } from '../../src/testing/fault-server.ts';
import {
  apiKey,
  clientOf,
  collect,
  eventsOf,
  expectAborted,
  expectError,
  expectText,
  request,
  type Settings,
  serve,
  typesOf,
} from './support.ts';

const usageMetadata = { promptTokenCount: 9, candidatesTokenCount: 2, totalTokenCount: 11 };
const dataOf = (value: unknown) => `data: ${JSON.stringify(value)}\r\n\r\n`;
const chunk = (parts: readonly object[], more: object = {}) =>
  dataOf({ candidates: [{ content: { parts, role: 'model' }, index: 0, ...more }], usageMetadata, modelVersion: 'm-1', responseId: 'r-1' });
const hello = [chunk([{ text: 'Hel' }]), chunk([{ text: 'lo' }])];
const stop = chunk([{ text: '' }], { finishReason: 'STOP' });
const whole = { events: [...hello, stop] };
const failure = (code: number, status: string, details: readonly object[] = []) => ({ error: { code, message: 'x', status, details } });
const overloaded = failure(503, 'UNAVAILABLE');

const clientAt = (url: string, settings: Settings = {}) =>
  clientOf('openai', url, { provider: gemini({ apiKey, baseURL: url }), ...settings });

describe('an answer of Gemini', () => {
  it('is asked for at the model’s own address, and finishes with its usage', async () => {
    const server = await serve(whole);
    const ending = await collect(clientAt(server.url).stream(request));
    expectText(ending, 'Hello');
    expect(ending.events.at(-1)).toMatchObject({
      type: 'finish',
      finishReason: 'stop',
      rawFinishReason: 'STOP',
      usage: { inputTokens: 9, outputTokens: 2, totalTokens: 11, estimated: false },
    });
    expect(server.requests[0]).toMatchObject({ path: '/v1/models/m-1:streamGenerateContent?alt=sse', method: 'POST' });
    expect(server.requests[0]?.headers).toMatchObject({ 'x-goog-api-key': apiKey });
  });

  it.each([1, 7, 'byte' as const])('is the same however its bytes are cut: %s', async (split) => {
    const server = await serve({ ...whole, split });
    expectText(await collect(clientAt(server.url).stream(request)), 'Hello');
  });

  it('goes back with its signatures in the next turn', async () => {
    const functionCall = { name: 'look', args: { q: 'a' } };
    const server = await serve([{ events: [chunk([{ functionCall, thoughtSignature: 's1' }]), stop] }, whole]);
    const client = clientAt(server.url);
    const { messages, toolCalls, finishReason } = await lastValueFrom(client.stream(request).pipe(result()));
    expect(finishReason).toBe('tool-calls');
    const output = toolCalls.map(({ toolCallId, toolName }) => ({ type: 'tool-result', toolCallId, toolName, output: 1 }) as const);
    await collect(client.stream({ ...request, messages: [...request.messages, ...messages, { role: 'tool', content: output }] }));
    expect(server.requests[1]?.body).toEqual({
      contents: [
        { role: 'user', parts: [{ text: 'Hello' }] },
        { role: 'model', parts: [{ functionCall, thoughtSignature: 's1' }] },
        { role: 'user', parts: [{ functionResponse: { name: 'look', response: { output: 1 } } }] },
      ],
    });
  });

  it('is whole also where the server lingers, and where it breaks off after the end', async () => {
    for (const fault of ['stall', 'reset', 'truncate'] as const) {
      const server = await serve({ ...whole, after: 'end', fault });
      expectText(await collect(clientAt(server.url).stream(request)), 'Hello');
    }
  });

  it('of one chunk is whole when the body ends', async () => {
    const server = await serve({ events: [chunk([{ text: 'Hello' }], { finishReason: 'STOP' })] });
    expectText(await collect(clientAt(server.url).stream(request)), 'Hello');
  });
});

describe('an answer of Gemini that breaks off', () => {
  it('cleanly, without a finish reason, is interrupted, with its text and what it has cost', async () => {
    const server = await serve({ events: hello });
    const error = expectError(await collect(clientAt(server.url).stream(request)), { category: 'interrupted', phase: 'streaming' });
    expect(error.partial).toMatchObject({ text: 'Hello', usage: { totalTokens: 11, estimated: true } });
    expect(server.requests).toHaveLength(1);
  });

  it('before any content is tried again', async () => {
    const server = await serve([{ events: [] }, { events: [dataOf({ usageMetadata })] }, whole]);
    expectText(await collect(clientAt(server.url).stream(request)), 'Hello');
    expect(server.requests).toHaveLength(3);
  });

  it.each(['reset', 'truncate'] as const)('by a %s is an error of the network', async (fault) => {
    const server = await serve({ events: hello, after: 'end', fault });
    const error = expectError(await collect(clientAt(server.url).stream(request)), { category: ['network', 'interrupted'] });
    expect(error.partial?.text).toBe('Hello');
  });

  it('into silence is a timeout, and the request is aborted', async () => {
    const server = await serve({ events: hello, after: 'end', fault: 'stall' });
    const ending = await collect(clientAt(server.url, { timeout: { idle: 100 } }).stream(request));
    expectError(ending, { category: 'timeout', timeout: 'idle' });
    await expectAborted(server.requests[0]);
  });

  it('because nobody wants it any more is aborted', async () => {
    const server = await serve({ events: hello, after: 'end', fault: 'stall' });
    await firstValueFrom(clientAt(server.url).stream(request));
    await expectAborted(server.requests[0]);
  });
});

describe('an error of Gemini', () => {
  const pretty = JSON.stringify(overloaded, undefined, 2);
  const bare: Record<string, string> = {
    'in one line': JSON.stringify(overloaded),
    'in several lines': pretty,
    'in several lines, ended': `${pretty}\n`,
    'in several lines, with CR LF': pretty.replaceAll('\n', '\r\n'),
    'in an array': `[${pretty}]`,
  };
  for (const [how, text] of Object.entries(bare)) {
    it(`written bare into the stream after content, ${how}, is that error`, async () => {
      const server = await serve({ events: [...hello, text] });
      const error = expectError(await collect(clientAt(server.url).stream(request)), {
        category: 'overloaded',
        retryable: true,
        code: 'UNAVAILABLE',
        gaveUp: 'content-delivered',
      });
      expect(error.partial?.text).toBe('Hello');
    });

    it(`written bare in place of the stream, ${how}, is tried again`, async () => {
      const server = await serve([{ events: [text] }, whole]);
      expectText(await collect(clientAt(server.url).stream(request)), 'Hello');
    });
  }

  it('as a message after content is that error; before it, it is tried again', async () => {
    const server = await serve([{ events: [dataOf(overloaded)] }, { events: [...hello, dataOf(overloaded)] }]);
    const ending = await collect(clientAt(server.url).stream(request));
    expectError(ending, { category: 'overloaded', attempt: 2 });
    expect(ending.text).toBe('Hello');
  });

  it('with a status is tried again when Google says', async () => {
    const retryInfo = { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '0.02s' };
    const body = failure(429, 'RESOURCE_EXHAUSTED', [retryInfo]);
    const server = await serve([{ status: 429, body }, { status: 429, body: [body] }, whole]);
    const ending = await collect(clientAt(server.url).stream(request));
    expectText(ending, 'Hello');
    const delays = eventsOf(ending.events, 'retry').map(({ delayMs, error }) => [delayMs >= 20, error.category, error.retryAfterMs]);
    expect(delays).toEqual([
      [true, 'rate-limit', 20],
      [true, 'rate-limit', 20],
    ]);
  });

  it('for the quota of a day is not tried again', async () => {
    const violations = [{ quotaId: 'GenerateRequestsPerDayPerProjectPerModel-FreeTier' }];
    const server = await serve({ status: 429, body: failure(429, 'RESOURCE_EXHAUSTED', [{ violations }]) });
    expectError(await collect(clientAt(server.url).stream(request)), { category: 'quota-exhausted', retryable: false });
    expect(server.requests).toHaveLength(1);
  });

  it('for a prompt that is blocked is a content filter, once', async () => {
    const server = await serve({ events: [dataOf({ promptFeedback: { blockReason: 'PROHIBITED_CONTENT' }, usageMetadata })] });
    expectError(await collect(clientAt(server.url).stream(request)), { category: 'content-filter', code: 'PROHIBITED_CONTENT' });
    expect(server.requests).toHaveLength(1);
  });

  it('of a tool call that the model got wrong is tried again', async () => {
    const server = await serve([{ events: [chunk([], { finishReason: 'MALFORMED_FUNCTION_CALL' })] }, whole]);
    const ending = await collect(clientAt(server.url).stream(request));
    expectText(ending, 'Hello');
    expect(typesOf(ending.events)[0]).toBe('retry');
  });

  it('of a server that knows no server-sent messages is a protocol error', async () => {
    const body: Answer = { body: [{ candidates: [{ content: { parts: [{ text: 'Hello' }] }, finishReason: 'STOP' }] }] };
    const server = await serve(body);
    expectError(await collect(clientAt(server.url).stream(request)), { category: ['protocol', 'server-error'], gaveUp: 'attempts' });
  });
});
