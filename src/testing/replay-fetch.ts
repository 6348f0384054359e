import { asyncScheduler, type Subscription } from 'rxjs';
import * as z from 'zod';
import { check } from './check.ts';
import { bytesOf, type Transcript, type TranscriptResponse } from './transcript.ts';

/** How a transcript is replayed. */
export interface ReplayOptions {
  /** `1` is as fast as it was, `10` ten times as fast, `'instant'` without any wait. Default: 1. */
  readonly speed?: number | 'instant' | undefined;
}

const schema = z.strictObject(
  {
    speed: z
      .custom<number | 'instant'>(
        (value) => value === 'instant' || (typeof value === 'number' && value > 0 && value < Number.POSITIVE_INFINITY),
        {
          error: "must be a number above 0, or 'instant'",
        },
      )
      .optional(),
  },
  { error: 'must be an object' },
);

/** How many milliseconds a time of a transcript takes at a speed. @throws TypeError for an option that is unknown or out of range. */
export function replayedTime(name: string, options: ReplayOptions): (at: number) => number {
  const { speed = 1 } = check(name, schema, options);
  return (at) => (speed === 'instant' ? 0 : at / speed);
}

/**
 * A `fetch` that answers with what a provider said, and asks nobody.
 *
 * One transcript answers every request; of a list, the n-th answers the n-th, and a request beyond it is rejected. Every wait is one of
 * `asyncScheduler`, so that a test with fake timers moves it. The body is read no faster than its consumer does, breaks and stalls as it did, and
 * ends with the abort of its request.
 *
 * @throws TypeError for an option that is unknown or out of range.
 *
 * @example
 * ```ts
 * const transport = fetchTransport({ fetch: replayFetch(transcript, { speed: 'instant' }) });
 * createClient({ provider: openai(), transport }).stream(request).pipe(textDeltas()).subscribe(console.log);
 * ```
 */
export function replayFetch(transcripts: Transcript | readonly Transcript[], options: ReplayOptions = {}): typeof globalThis.fetch {
  const timeOf = replayedTime('replayFetch', options);
  let requests = 0;
  return async (input, init) => {
    const index = requests++;
    const transcript = isList(transcripts) ? transcripts[index] : transcripts;
    const signal = init?.signal ?? (input instanceof Request ? input.signal : undefined);
    signal?.throwIfAborted();
    if (transcript === undefined)
      throw new Error(`replayFetch was asked for answer ${index + 1}, but given ${isList(transcripts) ? transcripts.length : 1}.`);
    const { status, headers } = transcript.response;
    const hasNoBody = status === 204 || status === 205 || status === 304;
    return new Response(hasNoBody ? null : bodyOf(transcript.response, timeOf, signal), { status, headers });
  };
}

function isList(transcripts: Transcript | readonly Transcript[]): transcripts is readonly Transcript[] {
  return Array.isArray(transcripts);
}

/** Chunks are given out one by one as they are asked for: an error would take those with it that wait in the stream. */
function bodyOf({ chunks, end = 'close' }: TranscriptResponse, timeOf: (at: number) => number, signal?: AbortSignal | null) {
  const begin = asyncScheduler.now();
  let next = 0;
  let waiting: Subscription | undefined;
  let abort: (() => void) | undefined;
  const leave = (): void => {
    waiting?.unsubscribe();
    if (abort) signal?.removeEventListener('abort', abort);
  };

  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        abort = () => {
          leave();
          controller.error(signal?.reason);
        };
        signal?.addEventListener('abort', abort, { once: true });
      },
      async pull(controller) {
        for (let chunk = chunks[next]; chunk !== undefined; chunk = chunks[++next]) {
          await until(begin + timeOf(chunk.at));
          const bytes = bytesOf(chunk);
          if (bytes.length === 0) continue;
          next++;
          return controller.enqueue(bytes);
        }
        if (end === 'stall') return new Promise(() => undefined);
        leave();
        if (end === 'close') controller.close();
        else controller.error(connectionReset());
      },
      cancel: leave,
    },
    { highWaterMark: 0 },
  );

  /** Settles never where the body is left before. */
  function until(time: number): Promise<void> | undefined {
    const left = time - asyncScheduler.now();
    if (left <= 0) return undefined;
    return new Promise((resolve) => {
      waiting = asyncScheduler.schedule(() => resolve(), left);
    });
  }
}

/** As `fetch` of Node says it. */
function connectionReset(): TypeError {
  return new TypeError('terminated', { cause: Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }) });
}
