import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createClient, fetchTransport, type Provider, type ProviderError, type StreamEvent, type StreamRequest } from '../../src/index.ts';
import { replayFetch, startFaultServer, type Transcript, transcriptAnswer } from '../../src/testing/index.ts';
import { bodyOf, cutAt, providerOf, readCorpus, someOffsets } from './corpus.ts';
import { comparable, type Ending, expectPromises, expectSaid } from './expectation.ts';

const corpus = readCorpus();
const all = [...corpus.values()].flat();
const isErrorResponse = ({ response }: Transcript) => response.status >= 400;

const hello: StreamRequest = { model: 'm-1', messages: [{ role: 'user', content: 'Hello' }] };
const patience = 1_000;

/** Cuts for a few feedings of each; one byte at a time is another. */
const seeds = [1, 2];

function endingOf(provider: Provider, transcript: Transcript, fetch?: typeof globalThis.fetch): Promise<Ending> {
  const client = createClient({
    provider,
    ...(fetch && { transport: fetchTransport({ fetch }) }),
    retry: { maxAttempts: 1 },
    timeout: { headers: patience, firstContent: patience, idle: patience, total: 2 * patience },
  });
  return new Promise((resolve) => {
    const events: StreamEvent[] = [];
    client.stream(transcript.request ?? hello).subscribe({
      next: (event) => events.push(event),
      error: (error: ProviderError) => resolve({ events, error }),
      complete: () => resolve({ events, error: undefined }),
    });
  });
}

async function replayed(transcript: Transcript): Promise<Ending> {
  const ending$ = endingOf(providerOf(transcript.provider), transcript, replayFetch(transcript, { speed: 'instant' }));
  // Silence has to be waited out, here as everywhere.
  if (transcript.response.end === 'stall') await vi.advanceTimersByTimeAsync(2 * patience);
  return ending$;
}

describe.each([...corpus])('%s', (_file, transcripts) => {
  beforeAll(() => {
    // Dates of headers are read by this clock.
    vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval', 'clearTimeout', 'clearInterval', 'Date'], now: Date.UTC(2026, 0, 15, 12) });
  });
  afterAll(() => {
    vi.useRealTimers();
  });

  it.each(transcripts)('$name', async (transcript) => {
    const whole = await replayed(cutAt(transcript, []));
    expectPromises(whole);
    expectSaid(transcript, whole);
    const { length } = bodyOf(transcript);
    const byBytes = Array.from({ length: Math.max(0, length - 1) }, (_byte, index) => index + 1);
    const said = comparable(whole);
    for (const offsets of [byBytes, ...seeds.map((seed) => someOffsets(length, seed))]) {
      const cut = await replayed(cutAt(transcript, offsets));
      const again = comparable(cut);
      // Deep equality of vitest is slow, and tells the difference only where there is one.
      if (!isDeepStrictEqual(again, said)) expect(again, `cut at ${offsets}`).toEqual(said);
      expectPromises(cut);
    }
  });
});

describe('over a real socket', () => {
  // One of each provider, kind and end.
  const some = new Map(
    all.map((each) => [
      `${each.provider} ${isErrorResponse(each)} ${each.response.end ?? 'close'} ${each.expect?.toolCalls?.length}`,
      each,
    ]),
  );

  it.each([...some.values()].slice(0, 40))('$provider: $name', async (transcript) => {
    const server = await startFaultServer(transcriptAnswer(transcript, { speed: 'instant' }));
    try {
      const ending = await endingOf(providerOf(transcript.provider, server.url), transcript);
      expectPromises(ending);
      expectSaid(transcript, ending);
    } finally {
      await server.close();
    }
  });
});

describe('the collection', () => {
  const streams = all.filter((each) => !isErrorResponse(each)).length;

  it(`has ${streams} streams and ${all.length - streams} error responses, each with its own name and what it must come to`, () => {
    expect(streams).toBeGreaterThanOrEqual(120);
    expect(all.length - streams).toBeGreaterThanOrEqual(150);
    const names = all.map(({ name }) => name);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
    expect(all.filter((each) => Object.keys(each.expect ?? {}).length === 0).map(({ name }) => name)).toEqual([]);
  });
});
