import { describe, expect, it } from 'vitest';
import { openaiResponses } from '../../src/index.ts';
import { clientOf, collect, eventsOf, expectError, expectText, request, serve, typesOf } from './support.ts';

let number = 0;
const sse = (type: string, body: object = {}): string =>
  `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: number++, ...body })}\n\n`;
/** The events of a response as its server sends them, numbered from 0. */
const response = (make: () => string[]): string[] => {
  number = 0;
  return [sse('response.created', { response: { id: 'resp_1', status: 'in_progress' } }), ...make()];
};
const say = (delta: string) => sse('response.output_text.delta', { output_index: 0, content_index: 0, delta });
const usage = { input_tokens: 9, output_tokens: 2, total_tokens: 11 };
const completed = () => sse('response.completed', { response: { id: 'resp_1', status: 'completed', usage } });
const hello = () => response(() => [say('Hel'), say('lo'), completed()]);
const failing = (code: string) =>
  response(() => [
    sse('error', { error: { type: code, code, message: 'no' } }),
    sse('response.failed', { response: { id: 'resp_1', status: 'failed', error: { code, message: 'no' } } }),
  ]);
const call = { type: 'function_call', id: 'fc_1', call_id: 'call_1', name: 'look', arguments: '{"q":1}', status: 'completed' };

const over = (url: string) => clientOf('openai', url, { provider: openaiResponses({ apiKey: 'sk-1', baseURL: url }) });

describe('responses over a socket', () => {
  it('are text with usage, whatever the cuts of the bytes', async () => {
    const server = await serve({ events: hello(), split: 'byte' });
    const ending = await collect(over(server.url).stream(request));
    expectText(ending, 'Hello');
    expect(eventsOf(ending.events, 'finish')[0]).toMatchObject({ finishReason: 'stop', usage: { inputTokens: 9, outputTokens: 2 } });
    expect(server.requests[0]).toMatchObject({ path: '/v1/responses', method: 'POST' });
  });

  it('are tried again after an error inside a 200 that comes before content, which is reported once', async () => {
    const server = await serve([{ events: failing('server_error') }, { events: hello() }]);
    const ending = await collect(over(server.url).stream(request));
    expectText(ending, 'Hello');
    expect(typesOf(ending.events).filter((type) => type === 'retry')).toHaveLength(1);
    expect(server.requests).toHaveLength(2);
  });

  it('are not tried again where the quota is used up', async () => {
    const server = await serve({ events: failing('insufficient_quota') });
    expectError(await collect(over(server.url).stream(request)), { category: 'quota-exhausted', retryable: false });
    expect(server.requests).toHaveLength(1);
  });

  it('are interrupted where the body ends cleanly before the response does, with what was said', async () => {
    const server = await serve({ events: response(() => [say('Hel'), 'data: [DONE]\n\n']) });
    const ending = await collect(over(server.url).stream(request));
    const error = expectError(ending, { category: 'interrupted', phase: 'streaming' });
    expect(error.partial?.text).toBe('Hel');
    expect(server.requests).toHaveLength(1);
  });

  it('call tools whole', async () => {
    const events = response(() => [
      sse('response.output_item.added', { output_index: 0, item: { ...call, arguments: '' } }),
      sse('response.function_call_arguments.delta', { output_index: 0, delta: '{"q":' }),
      sse('response.function_call_arguments.delta', { output_index: 0, delta: '1}' }),
      sse('response.output_item.done', { output_index: 0, item: call }),
      completed(),
    ]);
    const server = await serve({ events, split: 3 });
    const ending = await collect(over(server.url).stream(request));
    expect(ending.completed).toBe(true);
    expect(eventsOf(ending.events, 'tool-call')).toMatchObject([{ toolCallId: 'call_1', toolName: 'look', input: { q: 1 } }]);
    expect(eventsOf(ending.events, 'finish')[0]?.finishReason).toBe('tool-calls');
  });
});
