import { describe, expect, it } from 'vitest';
import { createClient, openaiResponses, type ProviderError } from '../../src/index.ts';
import { responsesEvents } from '../../src/testing/index.ts';
import { clientOf, collect, eventsOf, expectError, expectText, request, serve, typesOf, wires } from './support.ts';

const retry = { initialDelay: 1, jitter: 'none' } as const;

describe.each(wires)('an answer of %s that breaks after content', (wire) => {
  for (const fault of ['end', 'reset', 'truncate'] as const) {
    it(`by ${fault} is continued behind a seam`, async () => {
      const server = await serve([{ text: ['Hello ', 'x'], after: 1, fault }, { text: 'there' }]);
      const ending = await collect(clientOf(wire, server.url, { recovery: ['continue'] }).stream(request));
      expectText(ending, 'Hello there');
      expect(eventsOf(ending.events, 'seam')).toHaveLength(1);
      expect(server.requests[1]?.text).toContain('Hello ');
    });

    it(`by ${fault} is begun anew, and what is said again shows only once where that is verified`, async () => {
      const server = await serve([{ text: ['Hello ', 'x'], after: 1, fault }, { text: 'Hello there' }]);
      const ending = await collect(clientOf(wire, server.url, { recovery: [{ restart: { verify: true } }] }).stream(request));
      expectText(ending, 'Hello there');
      expect(typesOf(ending.events)).not.toContain('restart');
    });
  }

  it('goes on later, from the checkpoint of its error', async () => {
    const server = await serve([{ text: ['Hello ', 'x'], after: 1, fault: 'reset' }, { text: 'there' }]);
    const client = clientOf(wire, server.url);
    const { error } = await collect(client.stream(request));
    const from = JSON.parse(JSON.stringify(error?.checkpoint));
    const ending = await collect(client.stream(request, { from, recovery: ['continue'] }));
    expect(typesOf(ending.events).slice(0, 3)).toEqual(['start', 'snapshot', 'seam']);
    expectText(ending, 'there');
    expect(server.requests).toHaveLength(2);
  });
});

describe('a response that runs in the background', () => {
  const events = responsesEvents({ text: ['One ', 'two ', 'three ', 'four'] }).map((event) =>
    event.replace('"status":"in_progress"', '"status":"in_progress","background":true'),
  );
  const client = (url: string) => createClient({ provider: openaiResponses({ baseURL: url, apiKey: 'k' }), retry });

  it.each([5, 6, 7])('is resumed after its event %i, wherever it broke, and nothing shows', async (count) => {
    const server = await serve([
      { events: events.slice(0, count), fault: 'reset' },
      { events: events.slice(count), wire: 'openai-responses' },
    ]);
    const ending = await collect(client(server.url).stream(request));
    expectText(ending, 'One two three four');
    expect(typesOf(ending.events).filter((type) => type === 'start' || type === 'seam' || type === 'restart')).toEqual(['start']);
    expect(server.requests[1]).toMatchObject({ method: 'GET', path: `/v1/responses/resp_1?stream=true&starting_after=${count - 1}` });
  });

  it('is told once where the server repeats what was read', async () => {
    const server = await serve([{ events: events.slice(0, 6), fault: 'reset' }, { events: events.slice(2) }]);
    expectText(await collect(client(server.url).stream(request)), 'One two three four');
  });

  it('that is gone is an error with what was said', async () => {
    const server = await serve([
      { events: events.slice(0, 6), fault: 'reset' },
      { status: 404, body: { error: { code: 'not_found', message: 'gone' } } },
    ]);
    const ending = await collect(client(server.url).stream(request));
    const error: ProviderError = expectError(ending, { category: ['interrupted', 'network', 'not-found'] });
    expect(error.partial?.text).toBe('One two ');
    expect(server.requests).toHaveLength(2);
  });
});
