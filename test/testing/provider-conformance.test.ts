import { Observable } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  anthropic,
  type Decoder,
  ErrorResponse,
  openai,
  type Provider,
  ProviderError,
  type ProviderEvent,
  type SseMessage,
  type Transport,
} from '../../src/index.ts';
import { gemini } from '../../src/providers/gemini.ts';
import { xai } from '../../src/providers/xai.ts';
import {
  anthropicError,
  anthropicEvents,
  type ConformanceOptions,
  openaiChunks,
  openaiError,
  providerConformance,
} from '../../src/testing/index.ts';

const apiKey = 'sk-conform-4f9Kd02mQz81';
const content = { text: 'Hello there, “world” 🌍', reasoning: 'Let me think', usage: { inputTokens: 9, outputTokens: 5 } };
const call = { name: 'weather', input: { city: 'Zürich', days: [1, 2] }, inputFragments: ['{"city":"Zü', 'rich","da', 'ys":[1,2]}'] };
const expectText = {
  text: content.text,
  reasoning: content.reasoning,
  finishReason: 'stop' as const,
  usage: { inputTokens: 9, outputTokens: 5 },
};
const expectCall = { toolCalls: [{ toolName: 'weather', input: call.input }], finishReason: 'tool-calls' as const };
const sse = (...values: unknown[]) => values.map((value) => `data: ${JSON.stringify(value)}\n\n`).join('');

const chatCompletions: ConformanceOptions = {
  apiKey,
  streams: [
    { name: 'text', body: openaiChunks(content).join(''), expect: expectText },
    { name: 'a tool call', body: openaiChunks({ toolCalls: [call] }).join(''), expect: expectCall },
    {
      name: 'an answer cut by its length',
      body: openaiChunks({ text: 'Hel', finishReason: 'length' }).join(''),
      expect: { text: 'Hel', finishReason: 'length' },
    },
  ],
  errors: [
    {
      name: '429',
      status: 429,
      headers: { 'retry-after': '3' },
      body: '{"error":{"message":"slow down","code":"rate_limit_exceeded"}}',
      expect: { category: 'rate-limit', retryAfterMs: 3_000 },
    },
    {
      name: 'no credit',
      status: 429,
      body: '{"error":{"message":"no","code":"insufficient_quota"}}',
      expect: { category: 'quota-exhausted', retryable: false },
    },
    { name: 'a page', status: 502, body: '<html><title>502 Bad Gateway</title></html>', expect: { category: 'server-error' } },
    {
      name: 'an error in the stream',
      body: openaiError({ code: 'server_is_overloaded', message: 'busy' }),
      expect: { category: 'overloaded' },
    },
    {
      name: 'an error after text',
      body: openaiChunks({ text: 'Hel' }).slice(0, 2).join('') + openaiError({ code: 'insufficient_quota', message: 'no' }),
      expect: { category: 'quota-exhausted' },
    },
  ],
};

const messages: ConformanceOptions = {
  apiKey,
  streams: [
    { name: 'text', body: anthropicEvents(content).join(''), expect: expectText },
    { name: 'a tool call', body: anthropicEvents({ toolCalls: [call] }).join(''), expect: expectCall },
  ],
  errors: [
    {
      name: '529',
      status: 529,
      body: '{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}',
      expect: { category: 'overloaded', retryable: true },
    },
    {
      name: 'an error in the stream',
      body: anthropicError({ type: 'overloaded_error', message: 'Overloaded' }),
      expect: { category: 'overloaded' },
    },
  ],
};

const part = (parts: unknown[], more: object = {}) => ({
  candidates: [{ index: 0, content: { role: 'model', parts }, ...more }],
  modelVersion: 'm-1',
  responseId: 'r-1',
});
const usageMetadata = { promptTokenCount: 9, candidatesTokenCount: 3, thoughtsTokenCount: 2, totalTokenCount: 14 };
const generateContent: ConformanceOptions = {
  apiKey,
  streams: [
    {
      name: 'text',
      body: sse(part([{ text: 'Let me think', thought: true }]), part([{ text: 'Hello ' }]), {
        ...part([{ text: 'there' }], { finishReason: 'STOP' }),
        usageMetadata,
      }),
      expect: { text: 'Hello there', reasoning: 'Let me think', finishReason: 'stop', usage: { inputTokens: 9, outputTokens: 5 } },
    },
    {
      name: 'a tool call',
      body: sse({ ...part([{ functionCall: { name: 'weather', args: call.input } }], { finishReason: 'STOP' }), usageMetadata }),
      expect: expectCall,
    },
  ],
  errors: [
    {
      name: '429',
      status: 429,
      body: '{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","message":"x","details":[{"retryDelay":"34.4s"}]}}',
      expect: { category: 'rate-limit', retryAfterMs: 34_400 },
    },
    {
      name: 'an error in the stream',
      body: sse({ error: { code: 503, status: 'UNAVAILABLE', message: 'The model is overloaded.' } }),
      expect: { category: 'overloaded' },
    },
  ],
};

describe.each<[string, Provider, ConformanceOptions]>([
  ['openai()', openai({ apiKey }), chatCompletions],
  ['xai()', xai({ apiKey }), chatCompletions],
  ['anthropic()', anthropic({ apiKey: async () => apiKey }), messages],
  ['gemini()', gemini({ apiKey }), generateContent],
])('%s', (_name, provider, options) => {
  for (const check of providerConformance(provider, options)) it(check.name, () => check.run());
});

/** A format made up: `{t}` is text, `{tool, part}` and `{tool, input}` a call, `{e}` an error, `{end}` the end. */
class Honest implements Decoder {
  protected ended = false;
  protected text = '';

  *decode(message: SseMessage): Iterable<ProviderEvent> {
    if (message.event !== '' && message.event !== 'error') return;
    const body = JSON.parse(message.data);
    yield* this.read(body);
  }

  protected *read(body: { t?: string; tool?: string; input?: string; e?: string; end?: string; n?: number }): Iterable<ProviderEvent> {
    if (body.e !== undefined) throw new ErrorResponse({ status: undefined, body: { error: body.e }, headers: undefined });
    if (body.t !== undefined) yield this.delta(body.t);
    if (body.tool !== undefined) yield* this.toolCall(body.tool, body.input ?? '');
    if (body.end !== undefined) yield this.finish(body.n ?? 0);
  }

  protected delta(text: string): ProviderEvent {
    return { type: 'text-delta', id: 'text-0', text };
  }

  protected arguments = '';
  protected *toolCall(toolName: string, input: string): Iterable<ProviderEvent> {
    this.arguments += input;
    if (input === '') yield { type: 'tool-call', toolCallId: 'call-0', toolName, input: JSON.parse(this.arguments) };
  }

  protected finish(outputTokens: number): ProviderEvent {
    this.ended = true;
    return {
      type: 'finish',
      finishReason: 'stop',
      rawFinishReason: 'stop',
      usage: { inputTokens: 1, outputTokens, totalTokens: outputTokens + 1, estimated: false },
    };
  }
}

const key = 'key-1234567890';
const honest: Provider = {
  name: 'made-up',
  request: ({ model, messages }) => ({
    url: 'https://made-up.invalid/v1',
    headers: { 'x-api-key': key },
    body: JSON.stringify({ model, messages }),
  }),
  decoder: () => new Honest(),
  describeError: ({ body }) => ({
    category: JSON.stringify(body ?? '')?.includes('busy') ? 'overloaded' : undefined,
    detail: 'it said so',
  }),
};
const ofIt = (more: Partial<ConformanceOptions> = {}): ConformanceOptions => ({
  streams: [
    {
      name: 'text',
      body: sse({ t: 'Hel' }, { t: 'lo' }, { end: 'stop', n: 2 }),
      expect: { text: 'Hello', finishReason: 'stop', usage: { outputTokens: 2 } },
    },
    {
      name: 'a call',
      body: sse({ tool: 'f', input: '{"a":' }, { tool: 'f', input: '1}' }, { tool: 'f', input: '' }, { end: 'stop' }),
      expect: { toolCalls: [{ toolName: 'f', input: { a: 1 } }] },
    },
  ],
  errors: [
    { name: 'busy', status: 503, body: '{"error":"busy"}', expect: { category: 'overloaded' } },
    { name: 'busy in the stream', body: sse({ t: 'Hel' }, { e: 'busy' }), expect: { category: 'overloaded' } },
  ],
  ...more,
});
const decodedBy = (decoder: () => Decoder): Provider => ({ ...honest, decoder });

/** What the checks say of a provider, until they have said it. */
async function failuresOf(provider: Provider, options = ofIt(), until?: RegExp): Promise<string[]> {
  const failures: string[] = [];
  for (const check of providerConformance(provider, options)) {
    await check.run().catch((error: Error) => failures.push(error.message));
    if (until?.test(failures.at(-1) ?? '')) break;
  }
  return failures;
}

describe('a provider made up', () => {
  // Cyclic bodies are no JSON: its description, made in a hurry, throws at them. A better one:
  const careful: Provider = { ...honest, describeError: ({ body }) => ({ category: isBusy(body) ? 'overloaded' : undefined }) };

  it('passes', async () => {
    expect(await failuresOf(careful)).toEqual([]);
  });

  let memory = '';
  it.each<[string, RegExp, Provider, ConformanceOptions?]>([
    [
      'that finishes twice',
      /the decoder yields more after finish/,
      decodedBy(
        () =>
          new (class extends Honest {
            *end() {
              yield this.finish(2);
            }
          })(),
      ),
    ],
    [
      'that says something after the end',
      /the decoder yields more after finish/,
      decodedBy(
        () =>
          new (class extends Honest {
            *end() {
              yield this.delta('!');
            }
          })(),
      ),
    ],
    [
      'that finishes at any end of the body',
      /cut after \d+ bytes, it finishes/,
      decodedBy(
        () =>
          new (class extends Honest {
            *end() {
              if (!this.ended) yield this.finish(0);
            }
          })(),
      ),
    ],
    [
      'that never finishes',
      /it fails: .*interrupted/,
      decodedBy(
        () =>
          new (class extends Honest {
            override *read(body: object): Iterable<ProviderEvent> {
              if (!('end' in body)) yield* super.read(body);
            }
          })(),
      ),
    ],
    [
      'that repairs the input of a tool',
      /it calls a tool in part/,
      decodedBy(
        () =>
          new (class extends Honest {
            *end(): Iterable<ProviderEvent> {
              if (!this.ended && this.arguments !== '') yield { type: 'tool-call', toolCallId: 'call-0', toolName: 'f', input: {} };
            }
          })(),
      ),
    ],
    [
      'with one memory for all',
      /beside another answer/,
      decodedBy(
        () =>
          new (class extends Honest {
            override *toolCall(toolName: string, input: string): Iterable<ProviderEvent> {
              memory += input;
              if (input !== '') return;
              yield { type: 'tool-call', toolCallId: 'call-0', toolName, input: memory };
              memory = '';
            }
          })(),
      ),
    ],
    [
      'that takes an unknown event for text',
      /between unknown events/,
      decodedBy(
        () =>
          new (class extends Honest {
            override *decode(message: SseMessage): Iterable<ProviderEvent> {
              if (message.event.includes('unknown')) yield this.delta('?');
              else yield* super.decode(message);
            }
          })(),
      ),
    ],
    [
      'that fails at an unknown event',
      /between unknown events|it fails/,
      decodedBy(
        () =>
          new (class extends Honest {
            override *decode(message: SseMessage): Iterable<ProviderEvent> {
              if (message.event.includes('unknown')) throw new Error('what is this?');
              yield* super.decode(message);
            }
          })(),
      ),
    ],
    [
      'that fails at an unknown member',
      /is not disturbed by members that nobody knows: it fails/,
      decodedBy(
        () =>
          new (class extends Honest {
            override *read(body: object): Iterable<ProviderEvent> {
              if (Object.keys(body).some((member) => member.length > 5)) throw new Error('what is this?');
              yield* super.read(body);
            }
          })(),
      ),
    ],
    [
      'that takes a ping for content',
      /keep-alive/,
      decodedBy(
        () =>
          new (class extends Honest {
            override *decode(message: SseMessage): Iterable<ProviderEvent> {
              if (message.event === 'ping') yield this.delta(' ');
              else yield* super.decode(message);
            }
          })(),
      ),
    ],
    [
      'that overlooks an error in the stream',
      /it is not noticed/,
      decodedBy(
        () =>
          new (class extends Honest {
            override *read(body: { e?: string }): Iterable<ProviderEvent> {
              if (body.e === undefined) yield* super.read(body);
            }
          })(),
      ),
    ],
    [
      'that takes an error in the stream for the end',
      /it is taken for a whole answer/,
      decodedBy(
        () =>
          new (class extends Honest {
            override *read(body: { e?: string }): Iterable<ProviderEvent> {
              if (body.e === undefined) yield* super.read(body);
              else yield this.finish(0);
            }
          })(),
      ),
    ],
    [
      'whose usage is NaN',
      /usage\.(output|total)Tokens is NaN/,
      decodedBy(
        () =>
          new (class extends Honest {
            override finish(): ProviderEvent {
              return super.finish(Number.NaN);
            }
          })(),
      ),
    ],
    [
      'whose usage is negative',
      /usage\.outputTokens is -1/,
      decodedBy(
        () =>
          new (class extends Honest {
            override finish(): ProviderEvent {
              return super.finish(-1);
            }
          })(),
      ),
    ],
    [
      'that counts its requests',
      /the second one is another/,
      ((): Provider => {
        let count = 0;
        return {
          ...honest,
          request: (request, context) => ({ ...honest.request(request, context), body: JSON.stringify({ ...request, count: count++ }) }),
        };
      })(),
    ],
    [
      'that changes the request',
      /the same request is the same HTTP request.*(read only|extensible)/,
      {
        ...honest,
        request: (request, context) => {
          (request as { model: string }).model = 'mine';
          return honest.request(request, context);
        },
      },
    ],
    [
      'whose request is no plain data',
      /it holds something that JSON does not/,
      { ...honest, request: (request, context) => ({ ...honest.request(request, context), signal: new AbortController() }) },
    ],
    [
      'that forgets the model',
      /the model is in neither/,
      { ...honest, request: ({ messages }) => ({ url: 'https://x.invalid/', headers: {}, body: JSON.stringify({ messages }) }) },
    ],
    [
      'that forgets a message',
      /a message is not in its body/,
      { ...honest, request: ({ model }) => ({ url: 'https://x.invalid/', headers: {}, body: JSON.stringify({ model }) }) },
    ],
    [
      'with its key in the address',
      /a secret is in its url or its body/,
      { ...honest, request: (request, context) => ({ ...honest.request(request, context), url: `https://x.invalid/?key=${key}` }) },
    ],
    [
      'that remembers the model',
      /names the model of another call|differs after another/,
      ((): Provider => {
        let model: string | undefined;
        return {
          ...honest,
          request: (request, context) => {
            model ??= request.model;
            return honest.request({ ...request, model }, context);
          },
        };
      })(),
    ],
    [
      'whose description throws',
      /describeError throws/,
      {
        ...honest,
        describeError: () => {
          throw new TypeError('x');
        },
      },
    ],
    ['whose description is not of the table', /its category is none/, { ...honest, describeError: () => ({ category: 'oops' as never }) }],
    [
      'whose description has no bound',
      /detail has \d+ characters/,
      { ...honest, describeError: ({ body }) => ({ detail: typeof body === 'string' ? body : 'x' }) },
    ],
    ['whose wait is negative', /retryAfterMs is -1/, { ...honest, describeError: () => ({ retryAfterMs: -1 }) }],
    [
      'that tells an error as another',
      /category is "conflict", and should be "overloaded"|category is "server-error"/,
      { ...careful, describeError: () => ({ category: 'conflict' }) },
    ],
    [
      'that shows its key',
      /is in the error/,
      {
        ...careful,
        decoder: () =>
          new (class extends Honest {
            override *read(body: { e?: string }): Iterable<ProviderEvent> {
              if (body.e !== undefined) {
                const error = new ProviderError({ category: 'overloaded' });
                throw Object.assign(error, { said: body.e });
              }
              yield* super.read(body);
            }
          })(),
      },
    ],
    [
      'whose answer is another than expected',
      /text is "Hello", and should be "Bye"/,
      careful,
      ofIt({ streams: [{ name: 'text', body: sse({ t: 'Hello' }, { end: 'stop' }), expect: { text: 'Bye' } }] }),
    ],
  ])('%s is caught', async (_name, told, provider, options) => {
    expect((await failuresOf(provider, options, told)).at(-1)).toMatch(told);
  });

  it('may have lines and a transport of its own', async () => {
    const lines = (...values: unknown[]) => values.map((value) => `${JSON.stringify(value)}\n`).join('');
    const options: ConformanceOptions = {
      streams: [{ name: 'text', body: lines({ t: 'Hel' }, { t: 'lo' }, { end: 'stop' }), expect: { text: 'Hello' } }],
      errors: [{ name: 'busy in the stream', body: lines({ t: 'Hel' }, { e: 'busy' }), expect: { category: 'overloaded' } }],
      contentType: 'application/x-ndjson',
      transport: lineTransport,
    };
    expect(await failuresOf({ ...careful, transport: lineTransport(fetch) }, options)).toEqual([]);
  });

  it('is named, with the check, in what is wrong', async () => {
    const [check] = providerConformance({ ...honest, request: () => ({ url: 'x', headers: {} }) }, ofIt()).slice(1, 2);
    await expect(check?.run()).rejects.toThrow('made-up: an HTTP request is plain data: its url is not absolute');
  });

  it('needs a stream to be looked at', () => {
    expect(() => providerConformance(honest, { streams: [] })).toThrow(
      new TypeError('providerConformance: streams must hold at least one stream'),
    );
  });
});

/** A line is a message; a last one without its end is none. */
function lineTransport(fetch: typeof globalThis.fetch): Transport {
  return ({ url, headers, body }) =>
    new Observable((subscriber) => {
      const controller = new AbortController();
      const run = async () => {
        const response = await fetch(url, { method: 'POST', headers, body: body ?? null, signal: controller.signal });
        subscriber.next({ type: 'head', status: response.status, headers: response.headers });
        let text = '';
        for await (const part of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
          const lines = (text + part).split('\n');
          text = lines.pop() ?? '';
          for (const data of lines) subscriber.next({ type: 'message', event: '', data, id: '' });
        }
        subscriber.complete();
      };
      run().catch((error) => subscriber.error(error));
      return () => controller.abort();
    });
}

function isBusy(body: unknown): boolean {
  try {
    return (
      (body as { error?: unknown } | undefined)?.error === 'busy' ||
      String((body as { error?: unknown } | undefined)?.error).startsWith('busy')
    );
  } catch {
    return false;
  }
}
