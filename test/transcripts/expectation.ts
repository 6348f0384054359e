import { expect } from 'vitest';
import { isProviderError, type ProviderError, type StreamEvent } from '../../src/index.ts';
import type { Transcript } from '../../src/testing/index.ts';
import { apiKey } from './corpus.ts';

/** How a stream ended, and what it said. */
export interface Ending {
  readonly events: readonly StreamEvent[];
  readonly error: ProviderError | undefined;
}

/** What must hold of every stream, whatever was said. */
export function expectPromises({ events, error }: Ending): void {
  const types = events.map(({ type }) => type);
  const count = (type: StreamEvent['type']) => types.filter((each) => each === type).length;
  expect(count('start'), 'start at most once').toBeLessThanOrEqual(1);
  if (types.length > 0) expect(types[0]).toBe('start');
  expect(count('finish'), 'finish, or an error').toBe(error ? 0 : 1);
  if (!error) expect(types.at(-1)).toBe('finish');
  if (error) expect(isProviderError(error), `a ProviderError, not ${String(error)}`).toBe(true);
  expect(`${JSON.stringify(events)}${JSON.stringify(error)}${error?.message}${error?.stack}`, 'the key').not.toContain(apiKey);
  const ids = events.flatMap((event) => (event.type === 'tool-call' ? [event.toolCallId] : []));
  expect(new Set(ids).size, 'each tool call has an id of its own').toBe(ids.length);
  expect(ids).not.toContain('');
}

/** What a transcript says must have been said. */
export function expectSaid({ expect: expected = {} }: Transcript, { events, error }: Ending): void {
  const joined = (type: StreamEvent['type']) => events.map((event) => (event.type === type && 'text' in event ? event.text : '')).join('');
  const finish = events.find((event) => event.type === 'finish');
  const usage = finish?.usage ?? events.findLast((event) => event.type === 'usage')?.usage;
  const failure = { ...error?.toJSON(), message: error?.message };
  if (expected.error) expectError(error, expected.error);
  else expect(error && failure, 'no error').toBeUndefined();

  const said: Record<string, unknown> = {
    text: joined('text-delta'),
    reasoning: joined('reasoning-delta'),
    refusal: joined('refusal-delta'),
    sources: events.flatMap((event) => (event.type === 'source' ? [event.url] : [])),
    finishReason: finish?.finishReason,
    rawFinishReason: finish?.rawFinishReason,
  };
  const { error: _error, toolCalls, usage: expectedUsage, ...plain } = expected;
  for (const [member, value] of Object.entries(plain)) expect(said[member], member).toEqual(value);
  if (expectedUsage) expect(usage ?? {}, 'usage').toMatchObject(expectedUsage);
  if (toolCalls) {
    const calls = events.filter((event) => event.type === 'tool-call');
    expect(
      calls.map(({ toolName, input }) => ({ toolName, input })),
      'toolCalls',
    ).toEqual(toolCalls.map(({ toolName, input }) => ({ toolName, input })));
    for (const [index, { toolCallId }] of toolCalls.entries()) if (toolCallId) expect(calls[index]?.toolCallId).toBe(toolCallId);
  }
}

function expectError(
  error: ProviderError | undefined,
  { category, ...members }: NonNullable<NonNullable<Transcript['expect']>['error']>,
): void {
  expect(error, 'an error').toBeDefined();
  if (category) expect([category].flat(), `category: ${error?.message} ${error?.detail}`).toContain(error?.category);
  for (const [member, value] of Object.entries(members)) {
    expect((error as unknown as Record<string, unknown>)[member], member).toEqual(value ?? undefined);
  }
}

/** Everything that was said, without what is made up anew in each stream. */
export function comparable({ events, error }: Ending): unknown {
  const ids = new Map<string, string>();
  const named = events.map((event) => {
    const { requestId: _requestId, ...rest } = event as StreamEvent & { readonly requestId?: string };
    if (!('toolCallId' in rest)) return rest;
    const known = ids.get(rest.toolCallId) ?? `call ${ids.size + 1}`;
    ids.set(rest.toolCallId, known);
    return { ...rest, toolCallId: known };
  });
  const { category, retryable, phase, status, code, detail, retryAfterMs, providerRequestId, timeout } = error ?? {};
  return { named, error: error && { category, retryable, phase, status, code, detail, retryAfterMs, providerRequestId, timeout } };
}
