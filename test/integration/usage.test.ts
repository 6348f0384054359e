import { lastValueFrom, toArray } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { isProviderError, type LifecycleEvent, type ProviderError, result, type StreamEvent } from '../../src/index.ts';
import type { StreamAnswer } from '../../src/testing/fault-server.ts';
import { clientOf, request, serve, wires } from './support.ts';

const reports = { usage: { inputTokens: 50, outputTokens: 7 } } as const;
const busy = [
  'event: message_start\ndata: {"type":"message_start","message":{"id":"msg_q1","type":"message","role":"assistant","model":"a-1","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":50,"output_tokens":1}}}\n\n',
  'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"busy"}}\n\n',
];
const failureOf = async (run: Promise<unknown>): Promise<ProviderError> => {
  const error: unknown = await run.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!isProviderError(error)) throw new Error('there was no error');
  return error;
};

describe('the usage of an answer', () => {
  it('is its own; that of the attempts that failed before is in the sum (usage-of-the-failed-attempt) (usg-11)', async () => {
    const server = await serve([{ events: busy }, { text: 'Yes', ...reports }]);
    const events = await lastValueFrom(clientOf('anthropic', server.url).stream(request).pipe(toArray()));
    const finish = events.find((event) => event.type === 'finish');
    expect(server.requests).toHaveLength(2);
    expect(events.filter(({ type }) => type === 'start')).toHaveLength(1);
    expect(finish).toMatchObject({
      usage: { inputTokens: 50, outputTokens: 7, estimated: false },
      usageOverAllAttempts: { inputTokens: 100, outputTokens: 8 },
    });
  });

  it('has no sum where nothing else was charged', async () => {
    const server = await serve([{ status: 503 }, { text: 'Yes', ...reports }]);
    const answer = await lastValueFrom(clientOf('anthropic', server.url).stream(request).pipe(result()));
    expect(answer.usage).toMatchObject({ inputTokens: 50, outputTokens: 7 });
    expect(answer).not.toHaveProperty('usageOverAllAttempts');
  });

  it.each(wires)('of %s is estimated, and marked so, where the stream is cut (usg-06)', async (wire) => {
    const server = await serve([{ text: 'four words of text', after: 'deltas', fault: 'reset', ...reports }]);
    const error = await failureOf(lastValueFrom(clientOf(wire, server.url, { retry: { maxAttempts: 1 } }).stream(request)));
    expect(error.partial?.usage).toMatchObject({ estimated: true, outputTokens: wire === 'openai' ? 5 : expect.any(Number) });
    expect(error.partial?.usage.inputTokens).toBeGreaterThan(0);
    expect(error.partial?.usage.totalTokens).toBe((error.partial?.usage.inputTokens ?? 0) + (error.partial?.usage.outputTokens ?? 0));
    expect(error.attempts[0]?.usage).toEqual(error.partial?.usage);
  });

  it('is counted by the tokenizer of the client where the provider tells none', async () => {
    const server = await serve([{ text: 'four words of text', usage: null }]);
    const client = clientOf('openai', server.url, { countTokens: (text) => text.split(' ').length });
    const { usage } = await lastValueFrom(client.stream(request).pipe(result()));
    expect(usage).toMatchObject({ outputTokens: 4, estimated: true });
  });

  it('of a request that was refused is not set in the ledger', async () => {
    const server = await serve([{ status: 400 }]);
    const error = await failureOf(lastValueFrom(clientOf('openai', server.url).stream(request)));
    expect(error.attempts).toHaveLength(1);
    expect(error.attempts[0]).not.toHaveProperty('usage');
  });
});

describe('an answer that was stopped', () => {
  const stop = async (usageAfterStop: number, answer: StreamAnswer) => {
    const server = await serve([{ text: 'one two three four', tokenDelay: 5, usage: { inputTokens: 9, outputTokens: 6 }, ...answer }]);
    const client = clientOf('openai', server.url, { usageAfterStop });
    const moments: LifecycleEvent[] = [];
    const events: StreamEvent[] = [];
    client.lifecycle$.subscribe((moment) => moments.push(moment));
    const subscription = client.stream(request).subscribe((event) => {
      events.push(event);
      if (event.type === 'text-delta') subscription.unsubscribe();
    });
    const asked = await server.request(0);
    const outcome = await asked.ended;
    return { asked, outcome, moments, events };
  };
  const told = ['begin', 'attempt', 'headers', 'first-content', 'cancel'];

  it('is read on for its exact usage, if that is asked for; the lifecycle tells it, and nothing else is emitted', async () => {
    const { asked, moments, events } = await stop(5_000, {});
    await vi.waitFor(() => expect(moments.map(({ type }) => type)).toEqual([...told, 'usage']));
    expect(moments.at(-1)).toMatchObject({ usage: { inputTokens: 9, outputTokens: 6, estimated: false } });
    expect(events.at(-1)?.type).toBe('text-delta');
    expect(asked.aborted).toBe(false);
  });

  it('is read on no longer than that', async () => {
    const { asked, moments } = await stop(100, { after: 'deltas', fault: 'stall' });
    expect(asked.aborted).toBe(true);
    expect(moments.map(({ type }) => type)).toEqual(told);
  });

  it('is aborted at once otherwise', async () => {
    const { asked, moments } = await stop(0, { tokenDelay: 50 });
    expect(asked.aborted).toBe(true);
    expect(moments.map(({ type }) => type)).toEqual(told);
  });
});
