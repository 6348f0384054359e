import { createParser } from 'eventsource-parser';
import type { Observable } from 'rxjs';
import {
  accumulate,
  anthropic,
  type Client,
  createClient,
  fetchTransport,
  openai,
  type StreamEvent,
  type StreamRequest,
  textDeltas,
  toAsyncIterable,
  viewState,
} from '../../src/index.ts';
import { messagesAround, respond, usagesAround, type Wire } from './wire.ts';

/** Reads one stream to its end and says how many deltas of text it saw, so that nobody wins by skipping some. */
export type Reader = (chunks: readonly Uint8Array[]) => Promise<number>;

/** The names of everything that is measured. */
export type ContenderName =
  | 'L1'
  | 'subscribe'
  | 'textDeltas'
  | 'accumulate'
  | 'viewState'
  | 'for await'
  | 'openai SDK'
  | 'anthropic SDK'
  | 'AI SDK';

const request: StreamRequest = { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Say hello, often.' }] };
const apiKey = 'sk-bench-0123456789';

/** What a contender needs to be installed; ours need nothing. */
export const packagesOf: Partial<Record<ContenderName, readonly string[]>> = {
  'openai SDK': ['openai'],
  'anthropic SDK': ['@anthropic-ai/sdk'],
  'AI SDK': ['ai', '@ai-sdk/openai'],
};

/** Makes a contender for a wire format. Clients are made once, as in a server; every stream is a call. */
export async function contender(name: ContenderName, wire: Wire): Promise<Reader> {
  if (name === 'L1') return async (chunks) => (await bareLoop(chunks)) - messagesAround[wire];
  if (name === 'openai SDK') return openaiSdk();
  if (name === 'anthropic SDK') return anthropicSdk();
  if (name === 'AI SDK') return aiSdk();
  return ours(name, wire);
}

/** The bare loop: reader, streaming TextDecoder, eventsource-parser, JSON.parse, and nothing else. */
const bareLoop: Reader = async (chunks) => {
  let count = 0;
  let last: unknown;
  const parser = createParser({
    onEvent: ({ data }) => {
      if (data === '[DONE]') return;
      last = JSON.parse(data);
      count++;
    },
  });
  const decoder = new TextDecoder();
  const reader = respond(chunks).body?.getReader();
  for (;;) {
    const part = await reader?.read();
    if (!part || part.done) break;
    parser.feed(decoder.decode(part.value, { stream: true }));
  }
  if (last === undefined) throw new Error('nothing came');
  return count;
};

type Projection = Exclude<ContenderName, 'L1' | 'openai SDK' | 'anthropic SDK' | 'AI SDK'>;

function ours(name: Projection, wire: Wire): Reader {
  let chunks: readonly Uint8Array[] = [];
  const fetch = async (): Promise<Response> => respond(chunks);
  const provider = wire === 'openai' ? openai({ apiKey }) : anthropic({ apiKey });
  const client: Client = createClient({ provider, transport: fetchTransport({ fetch }) });
  return async (given) => {
    chunks = given;
    return projections[name](client.stream(request), wire);
  };
}

const projections: Record<Projection, (events$: Observable<StreamEvent>, wire: Wire) => Promise<number>> = {
  subscribe: (events$) => counted(events$, ({ type }) => type === 'text-delta'),
  textDeltas: (events$) => counted(events$.pipe(textDeltas()), () => true),
  // Its usage grows too, in events of its own.
  accumulate: async (events$, wire) =>
    (await counted(events$.pipe(accumulate()), ({ finishReason }) => finishReason === undefined)) - usagesAround[wire],
  // Coalesced: the count says nothing, the status does.
  viewState: async (events$) => (await counted(events$.pipe(viewState()), ({ status }) => status === 'done')) - 1,
  'for await': async (events$) => {
    let count = 0;
    for await (const { type } of toAsyncIterable(events$)) if (type === 'text-delta') count++;
    return count;
  },
};

function counted<T>(values$: Observable<T>, isCounted: (value: T) => boolean): Promise<number> {
  return new Promise((resolve, reject) => {
    let count = 0;
    values$.subscribe({
      next: (value) => {
        if (isCounted(value)) count++;
      },
      error: reject,
      complete: () => resolve(count),
    });
  });
}

/** By a name that the compiler does not follow: these packages are installed in bench/ alone, or not at all. */
function load(name: string): Promise<Record<string, (...args: unknown[]) => unknown>> {
  return import(name);
}

type Create = (
  options: object,
) => Promise<AsyncIterable<{ readonly type?: string; readonly choices?: readonly { readonly delta: object }[] }>>;

async function openaiSdk(): Promise<Reader> {
  let chunks: readonly Uint8Array[] = [];
  const { OpenAI } = (await load('openai')) as unknown as {
    OpenAI: new (options: object) => { readonly chat: { readonly completions: { readonly create: Create } } };
  };
  const sdk = new OpenAI({ apiKey, fetch: async () => respond(chunks) });
  return async (given) => {
    chunks = given;
    let count = 0;
    const stream = await sdk.chat.completions.create({ ...request, stream: true, stream_options: { include_usage: true } });
    for await (const { choices } of stream) if (choices?.[0] && 'content' in choices[0].delta) count++;
    // The first carries an empty text.
    return count - 1;
  };
}

async function anthropicSdk(): Promise<Reader> {
  let chunks: readonly Uint8Array[] = [];
  const { Anthropic } = (await load('@anthropic-ai/sdk')) as unknown as {
    Anthropic: new (options: object) => { readonly messages: { readonly create: Create } };
  };
  const sdk = new Anthropic({ apiKey, fetch: async () => respond(chunks) });
  return async (given) => {
    chunks = given;
    let count = 0;
    for await (const { type } of await sdk.messages.create({ ...request, max_tokens: 1_024, stream: true })) {
      if (type === 'content_block_delta') count++;
    }
    return count;
  };
}

async function aiSdk(): Promise<Reader> {
  let chunks: readonly Uint8Array[] = [];
  const { streamText } = (await load('ai')) as unknown as {
    streamText: (options: object) => { readonly textStream: AsyncIterable<string> };
  };
  const { createOpenAI } = (await load('@ai-sdk/openai')) as unknown as {
    createOpenAI: (options: object) => { readonly chat: (model: string) => unknown };
  };
  const model = createOpenAI({ apiKey, fetch: async () => respond(chunks) }).chat(request.model);
  return async (given) => {
    chunks = given;
    let count = 0;
    for await (const _ of streamText({ model, messages: request.messages }).textStream) count++;
    return count;
  };
}
