import { ErrorResponse } from '../../src/core/error-response.ts';
import type { ProviderEvent } from '../../src/core/event.ts';
import type { ErrorFacts, Provider } from '../../src/core/provider.ts';
import type { ResponseHead, SseMessage } from '../../src/core/transport.ts';
import { classifyFailure } from '../../src/policies/classification.ts';

type Decodes = { begin?(): Iterable<unknown>; decode(message: SseMessage): Iterable<unknown>; end?(): Iterable<unknown> };

/** What a decoder made of the messages of one answer. */
export interface Decoded {
  readonly events: ProviderEvent[];
  readonly error: ErrorFacts | undefined;
  readonly text: string;
  readonly reasoning: string;
  readonly toolCalls: { readonly id: string; readonly name: string; readonly input: unknown }[];
  readonly finish: Extract<ProviderEvent, { type: 'finish' }> | undefined;
}

export const head = (headers: Record<string, string> = {}): ResponseHead => ({ type: 'head', status: 200, headers: new Headers(headers) });

export const message = (data: unknown, event = ''): SseMessage => ({
  type: 'message',
  event,
  data: typeof data === 'string' ? data : JSON.stringify(data),
  id: '',
});

/** A chunk of a chat completion, with its one delta. */
export const chunk = (delta: unknown, more: object = {}, top: object = {}): SseMessage =>
  message({
    id: 'cc-9',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'm-1',
    choices: [{ index: 0, delta, finish_reason: null, ...more }],
    ...top,
  });

export const stop = (reason = 'stop') => chunk({}, { finish_reason: reason });
export const done = message('[DONE]');

/** The messages of a stream written as server-sent events. */
export function fromSse(events: readonly string[]): SseMessage[] {
  return events.map((text) => {
    const field = (name: string) => new RegExp(`^${name}: ?(.*)$`, 'm').exec(text)?.[1] ?? '';
    return message(field('data'), field('event'));
  });
}

/** Feeds messages, and the clean end of the body unless `cut`. Copies what each call yields before the next. */
export function decodeAll(decoder: Decodes, messages: readonly SseMessage[], cut = false): Decoded {
  const events: ProviderEvent[] = [];
  let error: ErrorFacts | undefined;
  const take = (yielded: Iterable<unknown> | undefined) => {
    for (const event of yielded ?? []) events.push(event as ProviderEvent);
  };
  try {
    take(decoder.begin?.());
    for (const each of messages) take(decoder.decode(each));
    if (!cut) take(decoder.end?.());
  } catch (thrown) {
    if (!(thrown instanceof ErrorResponse)) throw thrown;
    error = thrown.facts;
  }
  const joined = (type: string) => events.map((event) => (event.type === type && 'text' in event ? event.text : '')).join('');
  return {
    events,
    error,
    text: joined('text-delta'),
    reasoning: joined('reasoning-delta'),
    toolCalls: events.flatMap((event) =>
      event.type === 'tool-call' ? [{ id: event.toolCallId, name: event.toolName, input: event.input }] : [],
    ),
    finish: events.find((event) => event.type === 'finish'),
  };
}

/** The error as a user sees it. */
export function classified(provider: Provider, facts: ErrorFacts | undefined) {
  if (facts === undefined) throw new Error('there was no error');
  return classifyFailure(new ErrorResponse(facts), { describeError: provider.describeError }, 'first-content', 0);
}
