import { lastValueFrom, takeWhile, tap } from 'rxjs';
import { describe, expect, it } from 'vitest';
import type { Answer } from '../../src/testing/fault-server.ts';
import {
  about,
  clientOf,
  collect,
  eventsOf,
  expectError,
  expectText,
  messagesOf,
  quiet,
  request,
  serve,
  type Wire,
  wires,
  wiresWithMarker,
} from './support.ts';

const once = { retry: { maxAttempts: 1 } };

describe.each(wires)('%s', (wire) => {
  // Gemini refuses in its text, and its calls come whole.
  const refusesApart = wire !== 'gemini';
  const writesCalls = wire !== 'gemini';

  it('a whole answer completes, with its finish reason and usage', async () => {
    const server = await serve({ text: 'Hello there', usage: { inputTokens: 5, outputTokens: 2 } });
    const ending = await collect(clientOf(wire, server.url).stream(request));
    expectText(ending, 'Hello there');
    expect(ending.events.at(-1)).toMatchObject({
      type: 'finish',
      finishReason: 'stop',
      rawFinishReason: about[wire].stop,
      usage: { inputTokens: 5, outputTokens: 2, totalTokens: 7, estimated: false },
    });
    expect(await server.requests[0]?.ended).toBe('complete');
  });

  for (const after of [1, 'deltas'] as const) {
    it(`a clean end of the body after ${after === 1 ? 'one delta' : 'all deltas'}, without a sign of the end, is interrupted`, async () => {
      const server = await serve({ text: ['Hel', 'lo'], after, fault: 'end' });
      const ending = await collect(clientOf(wire, server.url).stream(request));
      const text = after === 1 ? 'Hel' : 'Hello';
      const error = expectError(ending, { category: 'interrupted', retryable: true, phase: 'streaming', gaveUp: 'content-delivered' });
      expect(error.partial).toMatchObject({ text, finishReason: undefined });
      expect(ending.text).toBe(text);
      expect(server.requests).toHaveLength(1);
    });
  }

  const empty: Record<string, Answer> = {
    'an empty event stream': { text: 'x', after: 'headers', fault: 'end' },
    'a preamble alone': { text: 'x', after: 0, fault: 'end' },
    'an empty body of no type': { body: '', headers: { 'content-type': null } },
    'comments alone': { events: [': keep-alive\n\n', ': keep-alive\n\n'] },
    'blank lines alone': { events: ['\n\n\n\n'] },
    'events without data alone': { events: ['event: ping\n\n', 'id: 4\n\n', 'retry: 10\n\n'] },
    'a byte order mark alone': { events: ['\uFEFF'] },
    'the end marker alone': {
      events: wire === 'openai' ? ['data: [DONE]\n\n'] : ['event: message_stop\ndata: {"type":"message_stop"}\n\n'],
    },
    ...(wiresWithMarker.includes(wire) && { 'a preamble and the end marker': { events: preambleAndMarker(wire) } }),
    'a 204': { status: 204 },
    'a 205': { status: 205, body: '' },
  };
  for (const [what, answer] of Object.entries(empty)) {
    it(`${what} is never an empty success: it is tried again`, async () => {
      const server = await serve([answer, { text: 'Hello there' }]);
      const ending = await collect(clientOf(wire, server.url).stream(request));
      expectText(ending, 'Hello there');
      expect(server.requests).toHaveLength(2);
    });
    it(`${what}, each time, is an error in the end`, async () => {
      const server = await serve(answer);
      const ending = await collect(clientOf(wire, server.url).stream(request));
      expectError(ending, { category: ['interrupted', 'protocol'], retryable: true, gaveUp: 'attempts' });
      expect(server.requests).toHaveLength(3);
    });
  }

  it('a clean end after the finish reason, without the end marker, is complete', async () => {
    const server = await serve({ text: ['Hel', 'lo'], after: 'finish-reason', fault: 'end' });
    const ending = await collect(clientOf(wire, server.url, once).stream(request));
    expectText(ending, 'Hello');
    expect(ending.events.at(-1)).toMatchObject({ finishReason: 'stop' });
  });

  it('an answer cut by the limit on tokens is an honest finish', async () => {
    const server = await serve({ text: 'Hello there', finishReason: about[wire].length });
    const ending = await collect(clientOf(wire, server.url).stream(request));
    expectText(ending, 'Hello there');
    expect(ending.events.at(-1)).toMatchObject({ finishReason: 'length' });
  });

  it('an answer of no text but a finish reason is complete', async () => {
    const server = await serve({ text: '' });
    const ending = await collect(clientOf(wire, server.url, once).stream(request));
    expectText(ending, '');
    expect(ending.completed).toBe(true);
  });

  const refusing = async () => {
    const server = await serve({ refusal: 'I cannot help with that' });
    const ending = await collect(clientOf(wire, server.url).stream(request));
    expect(ending.completed).toBe(true);
    expect(ending.events.at(-1)).toMatchObject({ finishReason: 'refusal' });
    expect(
      eventsOf(ending.events, 'refusal-delta')
        .map(({ text }) => text)
        .join(''),
    ).toBe('I cannot help with that');
  };
  if (refusesApart) it('a refusal is a finish', refusing);

  it('a finish reason that nobody knows is other, with the provider’s word', async () => {
    const server = await serve({ text: 'Hello', finishReason: 'novelty' });
    const ending = await collect(clientOf(wire, server.url).stream(request));
    expect(ending.events.at(-1)).toMatchObject({ finishReason: 'other', rawFinishReason: 'novelty' });
  });

  const late: Record<string, Partial<Answer>> = {
    'more text': { fault: { send: messagesOf(wire, { text: 'again' }).join('') } },
    'an error event': { fault: 'error-event' },
    'broken JSON': { fault: 'malformed' },
    'a reset': { fault: 'reset' },
    'a truncation': { fault: 'truncate' },
    'a second end marker': {
      fault: { send: wire === 'openai' ? 'data: [DONE]\n\n' : 'event: message_stop\ndata: {"type":"message_stop"}\n\n' },
    },
    'noise without an end': { fault: 'endless-line' },
  };
  for (const [what, fault] of Object.entries(late)) {
    it(`${what} after the end changes nothing`, async () => {
      const server = await serve({ text: 'Hello there', after: 'end', ...fault } as Answer);
      const ending = await collect(clientOf(wire, server.url).stream(request));
      expectText(ending, 'Hello there');
      expect(server.requests).toHaveLength(1);
    });
  }

  it('a server that lingers after the end does not keep the stream open, and is left', async () => {
    const server = await serve({ text: 'Hello there', after: 'end', fault: 'stall', heartbeat: 20 });
    const ending = await collect(clientOf(wire, server.url).stream(request));
    expectText(ending, 'Hello there');
    expect(ending.elapsed).toBeLessThan(2_000);
    expect(await server.requests[0]?.ended).toBe('aborted');
  });

  it('a deadline that passes while a server lingers after the end is no failure', async () => {
    const server = await serve({ text: 'Hello there', after: 'end', fault: 'stall' });
    for (const timeout of [{ idle: 15 }, { idle: 40 }]) {
      expectText(await collect(clientOf(wire, server.url, { timeout }).stream(request)), 'Hello there');
    }
  });

  it('a signal that aborts while a server lingers after the end does not turn a success into a failure', async () => {
    const server = await serve({ text: 'Hello there', after: 'end', fault: 'stall' });
    const stop = new AbortController();
    const stream$ = clientOf(wire, server.url).stream(request, { signal: stop.signal });
    const ending = await collect(stream$.pipe(tap((event) => event.type === 'finish' && setImmediate(() => stop.abort()))));
    expectText(ending, 'Hello there');
  });

  it('the lifecycle of a stream that is left at its finish says finish, and not cancel', async () => {
    const server = await serve({ text: 'Hello there', after: 'end', fault: 'stall' });
    const client = clientOf(wire, server.url);
    const types: string[] = [];
    const listening = client.lifecycle$.subscribe(({ type }) => types.push(type));
    await lastValueFrom(client.stream(request).pipe(takeWhile(({ type }) => type !== 'finish', true)));
    listening.unsubscribe();
    expect(types).toEqual(['begin', 'attempt', 'headers', 'first-content', 'attempt-end', 'finish']);
  });

  it('a server that lingers after the finish reason, without the end marker, has still completed when the body ends', async () => {
    const server = await serve({ text: 'Hello', after: 'finish-reason', fault: [{ wait: 100 }, 'end'] });
    expectText(await collect(clientOf(wire, server.url, once).stream(request)), 'Hello');
  });

  it('a server that goes silent after the finish reason ends at the idle deadline', async () => {
    const server = await serve({ text: 'Hello', after: 'finish-reason', fault: 'stall', heartbeat: 20 });
    const ending = await collect(clientOf(wire, server.url, { ...once, timeout: { idle: 200 } }).stream(request));
    expect(ending.elapsed).toBeLessThan(3_000);
    expect(ending.text).toBe('Hello');
  });

  it('a tool call is emitted whole', async () => {
    const toolCalls = [
      { name: 'look', inputFragments: ['{"q":', '"a"}'] },
      { name: 'find', input: { n: 2 } },
    ];
    const server = await serve({ text: 'Let me see', toolCalls });
    const ending = await collect(clientOf(wire, server.url).stream(request));
    expectText(ending, 'Let me see');
    expect(eventsOf(ending.events, 'tool-call')).toMatchObject([
      { toolName: 'look', input: { q: 'a' }, toolCallId: 'call_1' },
      { toolName: 'find', input: { n: 2 }, toolCallId: 'call_2' },
    ]);
    expect(ending.events.at(-1)).toMatchObject({ finishReason: 'tool-calls' });
  });

  for (const fault of writesCalls ? (['end', 'reset'] as const) : []) {
    it(`a tool call cut by a ${fault === 'end' ? 'clean end' : 'reset'} is never emitted, and not tried again`, async () => {
      const server = await serve({ toolCalls: [{ name: 'look', inputFragments: ['{"q":', '"a"}'] }], after: 1, fault });
      const ending = await collect(clientOf(wire, server.url).stream(request));
      expectError(ending, { category: ['interrupted', 'network'], gaveUp: 'content-delivered' });
      expect(eventsOf(ending.events, 'tool-call')).toEqual([]);
      expect(server.requests).toHaveLength(1);
    });
  }

  const cutCall = async () => {
    const server = await serve({
      text: 'Let me see',
      toolCalls: [{ name: 'look', inputFragments: ['{"q":', '"a'] }],
      finishReason: about[wire].length,
    });
    const ending = await collect(clientOf(wire, server.url).stream(request));
    expectText(ending, 'Let me see');
    expect(eventsOf(ending.events, 'tool-call')).toEqual([]);
    expect(ending.events.at(-1)).toMatchObject({ finishReason: 'length' });
  };
  if (writesCalls) it('a tool call cut by the limit on tokens is left out of an honest finish', cutCall);

  it('nothing happens after a completion: no request, no event', async () => {
    const server = await serve({ text: 'Hello' });
    const ending = await collect(clientOf(wire, server.url).stream(request));
    const { length } = ending.events;
    await quiet();
    expect(ending.events).toHaveLength(length);
    expect(server.requests).toHaveLength(1);
  });
});

function preambleAndMarker(wire: Wire): string[] {
  const messages = messagesOf(wire, { text: ['Hello'] });
  return [messages[0] ?? '', messages.at(-1) ?? ''];
}
