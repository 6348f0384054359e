import { type EventLike, fetchTransport, type HttpRequest, type Provider, type StreamRequest } from '../index.ts';
import { type ReplayOptions, replayFetch } from './replay-fetch.ts';
import type { Transcript } from './transcript.ts';

/** A provider whose answers are replayed. */
export interface ReplayProvider<E extends EventLike = never> extends Provider<E> {
  /** What it was asked, one for each attempt; an attempt that takes up a broken answer is not among them. */
  readonly requests: readonly StreamRequest[];
  /** @throws Error if a transcript was left unused. */
  verify(): void;
}

/**
 * A provider whose n-th attempt is answered by the n-th transcript, through its own decoder and the library's transport. It asks nobody and fetches
 * no key.
 *
 * @throws TypeError for an option that is unknown or out of range.
 *
 * @example
 * ```ts
 * const provider = replayProvider(openai(), [overloaded, cut, whole], { speed: 'instant' });
 * const { text } = await lastValueFrom(createClient({ provider }).stream(request).pipe(result()));
 * provider.verify(); // all three were used
 * ```
 */
export function replayProvider<E extends EventLike = never>(
  provider: Provider<E>,
  transcripts: readonly Transcript[],
  options: ReplayOptions = {},
): ReplayProvider<E> {
  const requests: StreamRequest[] = [];
  let attempts = 0;
  const fetch = replayFetch(transcripts, options);
  return {
    name: provider.name,
    capabilities: provider.capabilities,
    requests,
    request(request, context) {
      requests.push(request);
      return withoutKey(provider.request(request, context));
    },
    decoder: (head, from) => provider.decoder(head, from),
    ...(provider.describeError && { describeError: (facts) => provider.describeError?.(facts) }),
    ...(provider.resume && {
      resume: (checkpoint, context) => withoutKey((provider as Required<Provider<E>>).resume(checkpoint, context)),
    }),
    transport: fetchTransport({
      fetch: (input, init) => {
        attempts++;
        return fetch(input, init);
      },
    }),
    verify() {
      if (attempts < transcripts.length) {
        throw new Error(`replayProvider: ${transcripts.length} transcripts were given, but only ${attempts} attempts were made.`);
      }
    },
  };
}

function withoutKey(request: HttpRequest): HttpRequest {
  return { ...request, credentials: undefined };
}
