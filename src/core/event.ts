import type { ProviderError } from './provider-error.ts';
import type { Message, ProviderMetadata } from './request.ts';
import type { FinishReason, StreamResult, Usage } from './stream-result.ts';

/** The least that a value needs to pass through the projections: a `type`. */
export interface EventLike {
  readonly type: string;
}

/** One of the provider's limits as its response headers told it. */
export interface RateLimitSnapshot {
  readonly kind: 'requests' | 'tokens' | 'input-tokens' | 'output-tokens';
  readonly limit: number | undefined;
  readonly remaining: number | undefined;
  /** Milliseconds until the limit is whole again. */
  readonly resetMs: number | undefined;
}

/** `cursor` is on events of a stored stream. */
interface Base {
  readonly cursor?: string | undefined;
}

/**
 * What a stream emits, a union on `type`.
 *
 * `start` and `finish` come once; `retry` may come before `start`. The request id is on the events that open, change or end a stream.
 */
export type StreamEvent = Base &
  (
    | {
        /** An attempt failed before any content, and another follows after `delayMs`. */
        readonly type: 'retry';
        readonly requestId: string;
        /** The attempt that failed, from 1. */
        readonly attempt: number;
        readonly delayMs: number;
        readonly error: ProviderError;
      }
    | {
        readonly type: 'start';
        readonly requestId: string;
        readonly attempt: number;
        readonly provider: string;
        readonly model: string;
      }
    | {
        readonly type: 'text-delta';
        /** Of the part that it belongs to: an answer may have several. */
        readonly id: string;
        /** Empty on a delta that carries metadata alone. */
        readonly text: string;
        readonly providerMetadata?: ProviderMetadata | undefined;
      }
    | {
        readonly type: 'reasoning-delta';
        readonly id: string;
        /** Empty on a delta that carries metadata alone, as a signature does. */
        readonly text: string;
        readonly providerMetadata?: ProviderMetadata | undefined;
      }
    | { readonly type: 'refusal-delta'; readonly id: string; readonly text: string }
    | { readonly type: 'tool-input-delta'; readonly toolCallId: string; readonly delta: string }
    | {
        readonly type: 'tool-call';
        readonly toolCallId: string;
        readonly toolName: string;
        readonly input: unknown;
        readonly providerMetadata?: ProviderMetadata | undefined;
      }
    | {
        /** A part of the answer that only its provider understands, and wants back in the next turn: redacted thinking, a search that it ran. */
        readonly type: 'provider-item';
        /** The wire format that it belongs to. */
        readonly format: string;
        readonly item: Readonly<Record<string, unknown>>;
      }
    | {
        readonly type: 'tool-result';
        readonly toolCallId: string;
        readonly toolName: string;
        readonly output: unknown;
        /** Whether the output says what went wrong. */
        readonly isError?: boolean | undefined;
      }
    | {
        /** A message that came while a run of tools went on, where the conversation takes it in. */
        readonly type: 'message';
        readonly message: Message;
      }
    | { readonly type: 'source'; readonly url: string; readonly title?: string | undefined }
    | { readonly type: 'usage'; readonly usage: Usage }
    | {
        /** All content so far is void; a new generation follows. */
        readonly type: 'restart';
        readonly requestId: string;
        readonly error: ProviderError;
        readonly attempt: number;
        readonly provider: string;
        readonly model: string;
      }
    | {
        /** A new generation continues the text here. */
        readonly type: 'seam';
        readonly requestId: string;
        readonly attempt: number;
        readonly provider: string;
        readonly model: string;
      }
    | {
        /** The content so far is this. */
        readonly type: 'snapshot';
        readonly result: StreamResult;
        /** The id of the text or reasoning that came last: deltas of the same go on with it. */
        readonly partId?: string | undefined;
      }
    | { readonly type: 'rate-limits'; readonly limits: readonly RateLimitSnapshot[] }
    | {
        readonly type: 'finish';
        readonly requestId: string;
        readonly finishReason: FinishReason;
        /** The provider's own word. */
        readonly rawFinishReason: string;
        /** Of the answer alone. */
        readonly usage: Usage;
        /** Of the whole call, failed attempts and targets included. Set where other attempts than the answer's had a cost. */
        readonly usageOverAllAttempts?: Usage | undefined;
      }
    | { readonly type: 'raw'; readonly data: unknown }
  );

/** What a decoder yields: the events without what only the client knows. */
export type ProviderEvent = StreamEvent extends infer Each
  ? Each extends StreamEvent
    ? Omit<Each, 'requestId' | 'cursor'>
    : never
  : never;

/**
 * Whether a value is content, the point after which nothing is repeated.
 *
 * True for text, reasoning, refusals, tool calls, sources, and for any value that is not one of our events; false for a delta without text.
 */
export function isContentEvent(value: unknown): boolean {
  const event = value as (EventLike & { readonly text?: unknown }) | null | undefined;
  switch (event?.type) {
    case 'text-delta':
    case 'reasoning-delta':
      return event.text !== '';
    case 'start':
    case 'retry':
    case 'provider-item':
    case 'message':
    case 'usage':
    case 'rate-limits':
    case 'raw':
    case 'finish':
    case 'restart':
    case 'seam':
    case 'snapshot':
      return false;
    default:
      return true;
  }
}
