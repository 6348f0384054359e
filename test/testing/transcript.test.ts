import { lastValueFrom, toArray } from 'rxjs';
import { afterEach, describe, expect, it, test, vi } from 'vitest';
import {
  type ClientConfig,
  createClient,
  fetchTransport,
  openai,
  openaiResponses,
  type ProviderError,
  result,
  type StreamRequest,
} from '../../src/index.ts';
import {
  openaiChunks,
  parseTranscript,
  replayFetch,
  replayProvider,
  startFaultServer,
  type Transcript,
  transcriptAnswer,
} from '../../src/testing/index.ts';

const request: StreamRequest = { model: 'm-1', messages: [{ role: 'user', content: 'Hello' }] };

function transcriptOf(response: Partial<Transcript['response']> = {}): Transcript {
  const chunks = openaiChunks({ text: ['Hel', 'lo'] }).map((text, index) => ({ at: index * 100, text }));
  return {
    version: 1,
    name: 'a greeting',
    provider: 'openai',
    response: { status: 200, headers: { 'content-type': 'text/event-stream' }, chunks, ...response },
  };
}

const busy = transcriptOf({
  status: 503,
  headers: { 'content-type': 'application/json' },
  chunks: [{ at: 0, text: '{"error":{"message":"busy"}}' }],
});

/** Chunks with the milliseconds after which they came. */
async function timed(response: Response): Promise<[number, string][]> {
  const begin = Date.now();
  const read: [number, string][] = [];
  for await (const bytes of response.body ?? []) read.push([Date.now() - begin, new TextDecoder().decode(bytes)]);
  return read;
}

afterEach(() => {
  vi.useRealTimers();
});

describe('parseTranscript()', () => {
  it('takes what JSON.stringify made of one, and an object', () => {
    const transcript = transcriptOf({ end: 'reset', truncated: true });
    expect(parseTranscript(JSON.stringify(transcript))).toEqual(transcript);
    expect(parseTranscript(transcript)).toEqual(transcript);
  });

  const chunk = (value: object) => transcriptOf({ chunks: [value] as never });
  test.each<[string, unknown]>([
    ['the text is not JSON', '{'],
    ['the value must be an object', []],
    ['version must be 1', { ...transcriptOf(), version: 2 }],
    ['name must not be empty', { ...transcriptOf(), name: '' }],
    ['provider must be a text', { ...transcriptOf(), provider: undefined }],
    ['body is not known here', { ...transcriptOf(), body: '' }],
    ['response must be an object', { ...transcriptOf(), response: undefined }],
    ['response.status must be an HTTP status from 200 to 599', transcriptOf({ status: 101 })],
    ['response.headers must be headers that HTTP allows', transcriptOf({ headers: { 'a b': 'c' } })],
    ["response.end must be 'close', 'reset' or 'stall'", transcriptOf({ end: 'cut' as 'close' })],
    ['response.chunks.0.at must be a number of milliseconds', chunk({ text: '' })],
    ['response.chunks.0.at must not be negative', chunk({ at: -1, text: '' })],
    ['response.chunks.0 must have either text or base64', chunk({ at: 0 })],
    ['response.chunks.0 must have either text or base64', chunk({ at: 0, text: '', base64: '' })],
    ['response.chunks.0.base64 must be base64', chunk({ at: 0, base64: 'no base64' })],
    [
      'response.chunks.1.at must not be before that of the chunk before',
      transcriptOf({
        chunks: [
          { at: 2, text: '' },
          { at: 1, text: '' },
        ],
      }),
    ],
    ['expect.finishreason is not known here', { ...transcriptOf(), expect: { finishreason: 'stop' } }],
  ])('refuses what is none: %s', (message, value) => {
    expect(() => parseTranscript(value)).toThrow(new TypeError(`parseTranscript: ${message}`));
  });
});

describe('replayFetch()', () => {
  test.each<[number | 'instant' | undefined, number]>([
    [undefined, 1],
    [10, 0.1],
    [0.5, 2],
    ['instant', 0],
  ])('gives the chunks at speed %s', async (speed, factor) => {
    vi.useFakeTimers();
    const chunks = [
      { at: 0, text: 'a' },
      { at: 100, base64: '4pyT' },
      { at: 400, text: 'c' },
    ];
    const response = await replayFetch(transcriptOf({ status: 201, chunks }), { speed })('https://example.invalid/');
    expect([response.status, response.headers.get('content-type')]).toEqual([201, 'text/event-stream']);
    const read = timed(response);
    await vi.runAllTimersAsync();
    expect(await read).toEqual([
      [0, 'a'],
      [100 * factor, '✓'],
      [400 * factor, 'c'],
    ]);
  });

  it('breaks where the connection did, when it did, and after all that was said', async () => {
    vi.useFakeTimers();
    const response = await replayFetch(
      transcriptOf({
        chunks: [
          { at: 0, text: 'a' },
          { at: 70, text: '' },
        ],
        end: 'reset',
      }),
    )('https://a.invalid/');
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    expect(new TextDecoder().decode((await reader.read()).value)).toBe('a');
    const failed = reader.read().catch((error: Error) => [Date.now(), (error.cause as NodeJS.ErrnoException).code]);
    const begin = Date.now();
    await vi.runAllTimersAsync();
    expect(await failed).toEqual([begin + 70, 'ECONNRESET']);
  });

  it('waits no longer for a body that is left, by cancelling or by the signal', async () => {
    vi.useFakeTimers();
    const late = transcriptOf({ chunks: [{ at: 1_000, text: 'a' }] });
    const cancelled = await replayFetch(late)('https://a.invalid/');
    const reader = (cancelled.body as ReadableStream<Uint8Array>).getReader();
    const read = reader.read();
    await vi.advanceTimersByTimeAsync(1);
    await reader.cancel();
    expect(await read).toEqual({ done: true, value: undefined });

    const controller = new AbortController();
    const aborted = await replayFetch(late)('https://a.invalid/', { signal: controller.signal });
    const text = aborted.text().catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(1);
    controller.abort('left');
    expect(await text).toBe('left');
    expect(vi.getTimerCount()).toBe(0);
    await expect(replayFetch(late)('https://a.invalid/', { signal: controller.signal })).rejects.toBe('left');
  });

  it('a list answers in its order, and no further request', async () => {
    const fetch = replayFetch([busy, transcriptOf({ status: 204, chunks: [] })]);
    expect((await fetch('https://a.invalid/')).status).toBe(503);
    expect((await fetch('https://a.invalid/')).body).toBeNull();
    await expect(fetch('https://a.invalid/')).rejects.toThrow('asked for answer 3, but given 2');
  });

  test.each([0, -1, Number.POSITIVE_INFINITY, 'fast'])('refuses the speed %s', (speed) => {
    expect(() => replayFetch(busy, { speed: speed as number })).toThrow("replayFetch: speed must be a number above 0, or 'instant'");
  });
});

describe('replayProvider()', () => {
  it('the n-th attempt is the n-th transcript, through the provider’s own decoder, and no key is fetched', async () => {
    const apiKey = vi.fn(() => 'never asked for');
    const provider = replayProvider(openai({ apiKey }), [busy, transcriptOf()], { speed: 'instant' });
    const client = createClient({ provider, retry: { initialDelay: 0, jitter: 'none' } });
    expect(() => provider.verify()).toThrow('2 transcripts were given, but only 0 attempts were made');
    expect(await lastValueFrom(client.stream(request).pipe(result()))).toMatchObject({ text: 'Hello', finishReason: 'stop' });
    provider.verify();
    expect(provider.requests).toHaveLength(2);
    expect(apiKey).not.toHaveBeenCalled();
  });
});

describe('a response that breaks twice and is resumed twice', () => {
  const event = (value: { type: string } & Record<string, unknown>) => `event: ${value.type}\ndata: ${JSON.stringify(value)}\n\n`;
  const delta = (sequence_number: number, delta: string) =>
    event({ type: 'response.output_text.delta', sequence_number, output_index: 0, content_index: 0, item_id: 'm', delta });
  const response = { id: 'resp_1', background: true, output: [] };
  const begin = event({ type: 'response.created', sequence_number: 0, response: { ...response, status: 'in_progress' } });
  const end = event({ type: 'response.completed', sequence_number: 4, response: { ...response, status: 'completed' } });
  const said = (text: string, end?: 'reset') => transcriptOf({ chunks: [{ at: 0, text }], end });
  // The second repeats what was there already, as a response that is taken up again may.
  const parts = [
    said(begin + delta(1, 'one '), 'reset'),
    said(delta(1, 'one ') + delta(2, 'two '), 'reset'),
    said(delta(3, 'three') + end),
  ];

  test.each<[string, () => ClientConfig]>([
    [
      'replayFetch()',
      () => ({
        provider: openaiResponses({ apiKey: 'sk-0' }),
        transport: fetchTransport({ fetch: replayFetch(parts, { speed: 'instant' }) }),
      }),
    ],
    ['replayProvider()', () => ({ provider: replayProvider(openaiResponses(), parts, { speed: 'instant' }) })],
  ])('is whole over %s', async (_name, config) => {
    const client = createClient({ ...config(), retry: { initialDelay: 1, jitter: 'none' } });
    const asked: StreamRequest = { ...request, providerOptions: { 'openai-responses': { background: true } } };
    expect(await lastValueFrom(client.stream(asked).pipe(result()))).toMatchObject({ text: 'one two three', finishReason: 'stop' });
  });
});

describe('transcriptAnswer()', () => {
  it('says over a socket what was said, with no header of its own', async () => {
    const server = await startFaultServer([transcriptAnswer(busy), transcriptAnswer(transcriptOf(), { speed: 20 })]);
    try {
      const first = await fetch(`${server.url}/chat/completions`, { method: 'POST' });
      expect([first.status, await first.text(), first.headers.get('x-request-id')]).toEqual([503, '{"error":{"message":"busy"}}', null]);
      const provider = openai({ baseURL: server.url });
      expect(await lastValueFrom(createClient({ provider }).stream(request).pipe(result()))).toMatchObject({ text: 'Hello' });
    } finally {
      await server.close();
    }
  });

  it('breaks off and stalls as it did', async () => {
    const [first = ''] = openaiChunks({ text: 'Hel' }).slice(1);
    const chunks = [{ at: 0, text: first }];
    const server = await startFaultServer([
      transcriptAnswer(transcriptOf({ chunks, end: 'reset' })),
      transcriptAnswer(transcriptOf({ chunks, end: 'stall' })),
    ]);
    const client = createClient({ provider: openai({ baseURL: server.url }), retry: { maxAttempts: 1 }, timeout: { idle: 50 } });
    const failure = () => lastValueFrom(client.stream(request).pipe(toArray())).catch((error: ProviderError) => error);
    try {
      expect(await failure()).toMatchObject({ category: 'network', partial: { text: 'Hel' } });
      expect(await failure()).toMatchObject({ category: 'timeout', timeout: 'idle', partial: { text: 'Hel' } });
    } finally {
      await server.close();
    }
  });
});
