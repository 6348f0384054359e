import type { PublicError } from '../core/provider-error.ts';
import type { Usage } from '../core/stream-result.ts';

/**
 * What becomes of a stream whose producer died.
 *
 * - `fail`: it is sealed as `interrupted`.
 * - `resume`: its generation is taken up where it was, if the provider keeps it.
 * - `continue`: another generation goes on from its text, after a `seam`.
 * - `restart`: another generation begins anew, after a `restart`.
 */
export type TakeoverPolicy = 'fail' | 'resume' | 'continue' | 'restart';

/** How a stored stream ended. */
export interface StreamOutcome {
  /** `done` ended as the provider said; `interrupted` lost its producer, or was lost itself. */
  readonly status: 'done' | 'error' | 'cancelled' | 'interrupted';
  /** What a subscriber may read of the failure; not set where the status is `done`. */
  readonly error?: PublicError | undefined;
  /** More exactly: `stream-lost`, `producer-lost`, or a provider's code. */
  readonly code?: string | undefined;
  readonly usage?: Usage | undefined;
  /** Why the answer ended, where its log says so. */
  readonly finishReason?: string | undefined;
}

/** How far the producer has come; appended together with the events that got it there. */
export interface StreamProgress {
  /** The sequence of the last event. */
  readonly sequence?: number | undefined;
  readonly provider: string;
  readonly model: string;
  /** The provider's own cursor, where the generation can be taken up again. */
  readonly providerCursor?: string | undefined;
  /** Requests made so far. */
  readonly attempts: number;
  /** Whether a tool was called: such an answer is not generated again. */
  readonly hasToolCall: boolean;
  readonly hasContent?: boolean | undefined;
  /** Of the request that was asked, which a client may have added to. */
  readonly fingerprint?: string | undefined;
  /** Whether what came last is text, whole. */
  readonly endsInText?: boolean | undefined;
}

/** What is told of a stream when it is created, and stays as it is. */
export interface StreamInit {
  /** Never used before: an id names one stream for ever. */
  readonly id: string;
  readonly requestId: string;
  /** Whose it is; somebody else's is not found. */
  readonly tenant?: string | undefined;
  /** A short name for the request, to be compared with another's. */
  readonly requestHash: string;
  /** The request, as the host's codec wrote it, where a takeover needs it. */
  readonly request?: string | undefined;
  readonly takeover: TakeoverPolicy;
  /** How often a stream may be taken over. */
  readonly maxTakeovers: number;
  /** When the stream must have ended, in milliseconds since 1970 by the clock of the store. */
  readonly deadline?: number | undefined;
}

/** What a store knows of a stream beside its events. */
export interface StreamRecord extends StreamInit {
  /**
   * - `held`: its producer lives, as far as its lease tells.
   * - `expired`: the lease has run out or was given back; anybody may take it.
   * - `sealed`: ended, see `outcome`.
   * - `lost`: it is open, and its events are gone; final.
   */
  readonly state: 'held' | 'expired' | 'sealed' | 'lost';
  /** The process that produces it. */
  readonly owner: string;
  /** Milliseconds that the lease still runs; 0 where it has run out. */
  readonly leaseMs: number;
  /** 1, and one more with each takeover. */
  readonly epoch: number;
  /** The sequence of the last entry; the next one's is one more. */
  readonly last: number;
  readonly takeovers: number;
  /** Whether somebody has asked for its end. */
  readonly isCancelled: boolean;
  /** How many processes watch it, each for as long as its mark is fresh. */
  readonly watchers: number;
  /** When the stream was created, in milliseconds since 1970 by the clock of the store. */
  readonly createdAt: number;
  /** That of the last append; undefined before the first. */
  readonly progress: StreamProgress | undefined;
  /** Set once the stream is sealed. */
  readonly outcome: StreamOutcome | undefined;
}
