import { type Observable, Subscription } from 'rxjs';
import { afterEach, expect } from 'vitest';
import {
  anthropic,
  type Client,
  type ClientConfig,
  createClient,
  type ErrorCategory,
  gemini,
  isProviderError,
  openai,
  openaiResponses,
  type Provider,
  type ProviderError,
  type StreamEvent,
  type StreamRequest,
} from '../../src/index.ts';
import {
  anthropicEvents,
  type FaultServer,
  geminiChunks,
  openaiChunks,
  type RecordedRequest,
  responsesEvents,
  type Script,
  startFaultServer,
  type WireFormat,
} from '../../src/testing/fault-server.ts';

export type Wire = WireFormat;
export const wires: readonly Wire[] = ['openai', 'openai-responses', 'anthropic', 'gemini'];

export const factories = { openai, 'openai-responses': openaiResponses, anthropic, gemini };
const writers = { openai: openaiChunks, 'openai-responses': responsesEvents, anthropic: anthropicEvents, gemini: geminiChunks };

/** What of a format the tests have to know. */
export const about = {
  openai: { path: 'chat/completions', keyHeader: 'authorization', opening: 1, stop: 'stop', length: 'length' },
  'openai-responses': { path: 'responses', keyHeader: 'authorization', opening: 4, stop: 'completed', length: 'max_output_tokens' },
  anthropic: { path: 'messages', keyHeader: 'x-api-key', opening: 2, stop: 'end_turn', length: 'max_tokens' },
  gemini: {
    path: 'models/m-1:streamGenerateContent?alt=sse',
    keyHeader: 'x-goog-api-key',
    opening: 0,
    stop: 'STOP',
    length: 'MAX_TOKENS',
  },
} as const satisfies Record<Wire, object>;

/** The formats that say why an answer ended before they say that it has. */
export const wiresWithMarker: readonly Wire[] = ['openai', 'anthropic'];

/** Looks like a provider's key, so that it must never show up anywhere. */
export const apiKey = 'sk-proj-4f9Kd02mQz81xLw7RtYp';

export const request: StreamRequest = { model: 'm-1', messages: [{ role: 'user', content: 'Hello' }] };

/** Far above what anything here takes, far below a hang. */
const patience = 9_000;

const opened: (() => unknown)[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((close) => close()));
});

/** To be called when the test is over. */
export function afterwards(close: () => unknown): void {
  opened.push(close);
}

/** A fault server for one test. */
export async function serve(script?: Script): Promise<FaultServer> {
  const server = await startFaultServer(script);
  afterwards(() => server.close());
  return server;
}

export type Settings = Omit<ClientConfig, 'provider'> & { readonly provider?: Provider | undefined };

/** A client with waits of a millisecond and deadlines of a few seconds. */
export function clientOf(wire: Wire, url: string, settings: Settings = {}): Client {
  const provider = settings.provider ?? providerOf(wire, url);
  return createClient({
    ...settings,
    provider,
    retry: { initialDelay: 1, jitter: 'none', ...settings.retry },
    timeout: { headers: 4_000, firstContent: 5_000, idle: 4_000, total: 8_000, ...settings.timeout },
  });
}

export function providerOf(wire: Wire, baseURL: string, key: string | (() => string | Promise<string>) = apiKey): Provider {
  return factories[wire]({ apiKey: key, baseURL });
}

/** The messages of a good answer in the wire's format. */
export function messagesOf(wire: Wire, content: Parameters<typeof openaiChunks>[0]): string[] {
  return writers[wire](content);
}

/** How a stream ended, and what it said. */
export interface Ending {
  readonly events: readonly StreamEvent[];
  readonly text: string;
  readonly error: ProviderError | undefined;
  readonly completed: boolean;
  readonly elapsed: number;
}

/** Subscribes, waits for the end, and checks what holds of every stream whatever happens to it. */
export async function collect(source: Observable<StreamEvent>): Promise<Ending> {
  const events: StreamEvent[] = [];
  const begin = performance.now();
  const subscription = new Subscription();
  const ended = new Promise<{ completed: boolean; error?: unknown }>((resolve) => {
    subscription.add(
      source.subscribe({
        next: (event) => events.push(event),
        error: (error: unknown) => resolve({ completed: false, error }),
        complete: () => resolve({ completed: true }),
      }),
    );
  });
  const { completed, error } = await within(ended, 'the stream did not end').finally(() => subscription.unsubscribe());
  const elapsed = performance.now() - begin;
  const count = events.length;
  await new Promise((resolve) => setImmediate(resolve));
  expect(events.length, 'nothing is emitted after the end').toBe(count);
  expectOrder(events, completed);
  if (!completed) expectGoodError(error);
  return { events, text: textOf(events), error: completed ? undefined : (error as ProviderError), completed, elapsed };
}

/** Rejects where a promise hangs. */
export function within<T>(promise: PromiseLike<T>, otherwise = 'it did not happen'): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${otherwise} within ${patience} ms`)), patience);
    const settle = <V>(report: (value: V) => void) => {
      return (value: V): void => {
        clearTimeout(timer);
        report(value);
      };
    };
    promise.then(settle(resolve), settle(reject));
  });
}

export function textOf(events: readonly StreamEvent[]): string {
  return events.map((event) => (event.type === 'text-delta' ? event.text : '')).join('');
}

export function typesOf(events: readonly StreamEvent[]): string[] {
  return events.map(({ type }) => type);
}

export function eventsOf<T extends StreamEvent['type']>(events: readonly StreamEvent[], type: T): Extract<StreamEvent, { type: T }>[] {
  return events.filter((event): event is Extract<StreamEvent, { type: T }> => event.type === type);
}

/** `retry` events, then `start`, then content, then `finish`: each of the last two once, and `finish` only at an honest end. */
function expectOrder(events: readonly StreamEvent[], completed: boolean): void {
  const types = typesOf(events);
  const first = types.findIndex((type) => type !== 'retry');
  expect(
    types.slice(Math.max(first, 0)).filter((type) => type === 'retry'),
    'no retry after start',
  ).toEqual(first === -1 ? types : []);
  if (first !== -1) expect(types[first]).toBe('start');
  expect(types.filter((type) => type === 'start').length).toBeLessThanOrEqual(1);
  expect(types.filter((type) => type === 'finish')).toHaveLength(completed ? 1 : 0);
  if (completed) expect(types.at(-1)).toBe('finish');
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: finding control characters is the purpose
export const unsafe = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/;

function expectGoodError(error: unknown): asserts error is ProviderError {
  expect(isProviderError(error), `a ProviderError, not ${String(error)}`).toBe(true);
  const failure = error as ProviderError;
  expect(failure.message).not.toMatch(unsafe);
  expect(failure.message.length).toBeLessThan(1_000);
  expect(JSON.stringify(failure)).not.toContain(apiKey);
  expect(failure.message).toContain(failure.category);
  expect(failure.requestId).not.toBe('');
}

/** What an error must say. */
export interface Expected {
  readonly category: ErrorCategory | readonly ErrorCategory[];
  readonly [field: string]: unknown;
}

export function expectError(ending: Ending, { category, ...fields }: Expected): ProviderError {
  expect(ending.completed, `an error, but completed with ${JSON.stringify(ending.text)}`).toBe(false);
  const error = ending.error as ProviderError;
  expect([category].flat(), error.message).toContain(error.category);
  expect(error).toMatchObject(fields);
  return error;
}

/** The whole text, once. */
export function expectText(ending: Ending, text: string): void {
  expect(ending.error?.message, 'no error').toBeUndefined();
  expect(ending.text).toBe(text);
}

/** That the server saw the client leave before the answer was over. */
export async function expectAborted(recorded: RecordedRequest | undefined): Promise<void> {
  expect(recorded).toBeDefined();
  expect(await within((recorded as RecordedRequest).ended, 'the request was not aborted')).toBe('aborted');
  await within((recorded as RecordedRequest).closed, 'the socket was not closed');
}

/** Lets whatever is due in the next moments happen, to see that nothing does. */
export async function quiet(ms = 60): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}
