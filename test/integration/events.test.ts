import { catchError, lastValueFrom, map, of, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { isProviderError, type ProviderError, result, type StreamEvent } from '../../src/index.ts';
import { clientOf, request, serve, wires } from './support.ts';

const deltas = ['One ', 'two ', 'three ', 'four'];
const usage = { inputTokens: 9, outputTokens: 4 };
const collect = async (url: string, wire: (typeof wires)[number], options = {}) =>
  lastValueFrom(
    clientOf(wire, url, { retry: { maxAttempts: 1 } })
      .stream(request, options)
      .pipe(
        catchError((error: ProviderError) => of(error)),
        toArray(),
      ),
  );

describe.each(wires)('a stream of %s', (wire) => {
  it('is a start, its deltas in order, and one finish with the whole usage (adp-08) (adp-10)', async () => {
    const server = await serve([{ text: deltas, usage }]);
    const events = (await collect(server.url, wire)) as StreamEvent[];
    const texts = events.filter((event) => event.type === 'text-delta').map(({ text }) => text);
    expect(events[0]?.type).toBe('start');
    expect(texts.join('')).toBe('One two three four');
    expect(events.filter(({ type }) => type === 'finish')).toMatchObject([{ usage: { ...usage, totalTokens: 13, estimated: false } }]);
    expect(events.at(-1)?.type).toBe('finish');
  });

  it('that fails inside has its deltas, then one error and no finish (adp-09) (adp-21)', async () => {
    const server = await serve([{ text: deltas, after: 2, fault: 'error-event' }]);
    const events = await collect(server.url, wire);
    const error = events.at(-1);
    expect(events.filter((event) => 'type' in event && event.type === 'finish')).toEqual([]);
    expect(events.filter(isProviderError)).toHaveLength(1);
    expect(error).toMatchObject({ category: 'overloaded', retryable: true });
    expect((error as ProviderError).partial).toMatchObject({ text: 'One two ', finishReason: undefined });
  });

  it('of nothing is an error and not an empty answer (adp-06)', async () => {
    const server = await serve([{ events: [] }]);
    const events = await collect(server.url, wire);
    expect(events.filter((event) => 'type' in event && event.type === 'text-delta')).toEqual([]);
    expect(events.filter(isProviderError)).toHaveLength(1);
  });

  it('has one request id, on what opens and ends it, and on no delta (adp-13)', async () => {
    const server = await serve([{ text: deltas }, { text: deltas, after: 1, fault: 'reset' }]);
    for (const ending of ['finish', 'error'] as const) {
      const events = await collect(server.url, wire);
      const ids = events.flatMap((event) => ('requestId' in event ? [event.requestId] : []));
      expect(ids, ending).toHaveLength(2);
      expect(new Set(ids).size).toBe(1);
    }
  });

  it('has the id of its caller, if it is given one (adp-14)', async () => {
    const server = await serve([{ text: deltas }]);
    const [start] = await collect(server.url, wire, { requestId: 'mine' });
    expect(start).toMatchObject({ requestId: 'mine' });
  });

  it('can be numbered by an operator: each event once, in order (adp-15)', async () => {
    const server = await serve([{ text: deltas }]);
    const numbered = await lastValueFrom(
      clientOf(wire, server.url)
        .stream(request)
        .pipe(
          map((event, index) => ({ ...event, index })),
          toArray(),
        ),
    );
    expect(numbered.map(({ index }) => index)).toEqual(numbered.map((_, index) => index));
  });

  it('runs the same with nobody listening to the lifecycle (adp-12)', async () => {
    const server = await serve([{ text: deltas, usage }]);
    const answer = await lastValueFrom(clientOf(wire, server.url).stream(request).pipe(result()));
    expect(answer).toMatchObject({ text: 'One two three four', usage });
  });
});
