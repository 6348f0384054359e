import { asyncScheduler } from 'rxjs';
import * as z from 'zod';
import { presets } from '../index.ts';
import { check } from './check.ts';
import { RecordedBytes } from './recorded-bytes.ts';
import type { Transcript } from './transcript.ts';
import { headersWithoutSecrets, secretsOfRequest } from './transcript-secrets.ts';

/** What is recorded, and where it goes. */
export interface RecordOptions {
  /**
   * Takes a transcript when its answer has ended, in whatever way. Nobody waits for it, and what it throws is dropped: the answer goes on as if nobody
   * recorded it.
   */
  readonly write: (transcript: Transcript) => unknown;
  /** What makes the requests. Default: `globalThis.fetch`, looked up at each. */
  readonly fetch?: typeof globalThis.fetch | undefined;
  /** {@link Transcript.provider}. Default: told by the address of a request. */
  readonly provider?: string | undefined;
  /** Bytes of a body that are kept; of a longer one, `truncated` is set. From 1. Default: 16 MiB. */
  readonly maxBytes?: number | undefined;
}

const callback = z.custom<(...args: never[]) => unknown>((value) => typeof value === 'function', { error: 'must be a function' });

/** The checks of {@link RecordOptions}. */
export const recordSchema = {
  write: callback,
  fetch: callback.optional(),
  provider: z.string({ error: 'must be a text' }).min(1, { error: 'must not be empty' }).optional(),
  maxBytes: z
    .custom<number>((value) => Number.isSafeInteger(value) && (value as number) >= 1, { error: 'must be a whole number from 1' })
    .optional(),
};

const schema = z.strictObject(recordSchema, { error: 'must be an object' });
const defaultMaxBytes = 16 * 1024 * 1024;

/**
 * A `fetch` that writes down what a provider says: status, headers, bytes and their times.
 *
 * Of the headers, those are kept that tell how to read an answer; secrets of the request, and what looks like one, are masked in them and in the body.
 * The text itself is kept, and the request is not. The body passes through as it is read, never faster, and leaving it cancels the request; an answer
 * that is left is recorded as a `stall`, as one whose end nobody saw. Redirects, and requests without an answer, are not recorded.
 *
 * @throws TypeError for an option that is unknown or out of range.
 *
 * @example
 * ```ts
 * const write = (transcript: Transcript) => writeFile(`${Date.now()}.json`, JSON.stringify(transcript));
 * createClient({ provider: openai({ apiKey }), transport: fetchTransport({ fetch: recordTranscript({ write }) }) });
 * ```
 */
export function recordTranscript(options: RecordOptions): typeof globalThis.fetch {
  check('recordTranscript', schema, options);
  return async (input, init) => {
    const response = await (options.fetch ?? globalThis.fetch)(input, init);
    if (response.status < 200 || (response.status >= 300 && response.status < 400)) return response;
    const recording = new RecordedAnswer(options, response, input, init);
    if (response.body === null) {
      recording.end('close');
      return response;
    }
    const { url, redirected, type, status, statusText, headers } = response;
    const recorded = new Response(recording.body(response.body), { status, statusText, headers });
    return Object.defineProperties(recorded, { url: { value: url }, redirected: { value: redirected }, type: { value: type } });
  };
}

/** One answer that is being recorded. */
class RecordedAnswer {
  readonly #options: RecordOptions;
  readonly #response: Response;
  readonly #url: string;
  readonly #secrets: readonly string[];
  readonly #signal: AbortSignal | undefined;
  readonly #bytes: RecordedBytes;
  readonly #begin = asyncScheduler.now();
  #latest = 0;
  #hasEnded = false;

  constructor(options: RecordOptions, response: Response, input: RequestInfo | URL, init: RequestInit | undefined) {
    const request = input instanceof Request ? input : undefined;
    this.#options = options;
    this.#response = response;
    this.#url = request?.url ?? String(input);
    this.#secrets = secretsOfRequest(this.#url, new Headers(init?.headers ?? request?.headers));
    this.#signal = init?.signal ?? request?.signal;
    this.#bytes = new RecordedBytes(options.maxBytes ?? defaultMaxBytes);
    this.#signal?.addEventListener('abort', this.#leave, { once: true });
  }

  /** The body, watched: neither `clone()` nor `tee()`, which would read on for a consumer that waits. */
  body(source: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
    const reader = source.getReader();
    return new ReadableStream(
      {
        pull: async (controller) => {
          try {
            const { done, value } = await reader.read();
            if (!done) {
              if (value instanceof Uint8Array) this.#bytes.push(value, this.#now());
              return controller.enqueue(value);
            }
          } catch (error) {
            this.end('reset');
            return controller.error(error);
          }
          // One that was cancelled has ended already, and its stream is closed.
          if (this.#hasEnded) return;
          controller.close();
          this.end('close');
        },
        cancel: (reason) => {
          this.#leave();
          return reader.cancel(reason);
        },
      },
      { highWaterMark: 0 },
    );
  }

  readonly #leave = (): void => this.end('stall');

  /** The first end stands. */
  end(end: 'close' | 'reset' | 'stall'): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#signal?.removeEventListener('abort', this.#leave);
    const before = this.#latest;
    if (end !== 'stall' && this.#now() > before) this.#bytes.push(new Uint8Array(), this.#latest);
    try {
      Promise.resolve(this.#options.write(this.#transcript(end))).catch(() => undefined);
    } catch {}
  }

  #transcript(end: 'close' | 'reset' | 'stall'): Transcript {
    const { status, headers } = this.#response;
    const provider = this.#options.provider ?? providerAt(this.#url);
    return {
      version: 1,
      name: `${provider} answers ${status} at ${new Date(this.#begin).toISOString()}`,
      provider,
      response: {
        status,
        headers: headersWithoutSecrets(headers, this.#secrets),
        chunks: this.#bytes.chunks(this.#secrets),
        end,
        ...(this.#bytes.isTruncated && { truncated: true }),
      },
    };
  }

  /** Milliseconds since the head; a clock that is set back does not turn them round. */
  #now(): number {
    this.#latest = Math.max(this.#latest, asyncScheduler.now() - this.#begin);
    return this.#latest;
  }
}

/** Whose wire format is spoken at an address. */
function providerAt(url: string): string {
  const { hostname, pathname } = new URL(url, 'http://localhost');
  if (pathname.endsWith('/messages')) return 'anthropic';
  if (pathname.endsWith('/responses')) return 'openai-responses';
  if (/:(?:stream)?generateContent$/i.test(pathname)) return 'gemini';
  if (hostname === 'api.x.ai') return 'xai';
  const preset = Object.entries(presets).find(([, each]) => 'baseURL' in each && isAt(each.baseURL, hostname));
  return preset === undefined ? 'openai' : `openai:${preset[0]}`;
}

/** Local servers share one name, which tells nothing. */
function isAt(baseURL: string | undefined, hostname: string): boolean {
  return baseURL !== undefined && hostname !== 'localhost' && new URL(baseURL).hostname === hostname;
}
