import type { FinishReason, Message, ProviderMetadata, PublicError, Usage } from '../index.ts';

/** What the metadata of a message holds, unless `messageMetadata` says something else. */
export interface UIMessageMetadata {
  readonly requestId?: string | undefined;
  readonly provider?: string | undefined;
  readonly model?: string | undefined;
  readonly finishReason?: FinishReason | undefined;
  /** The provider's own word. */
  readonly rawFinishReason?: string | undefined;
  readonly usage?: Usage | undefined;
}

/** Why the parts before it are void. */
export interface UIRestart {
  /** `restart`: a new generation; `snapshot`: what was missed is told as one; `replay`: the message is told from its beginning. */
  readonly reason: 'restart' | 'snapshot' | 'replay';
  readonly error?: PublicError | undefined;
  readonly provider?: string | undefined;
  readonly model?: string | undefined;
}

/**
 * The data parts that a message may have: `UIMessage<UIMessageMetadata, UIDataParts>`.
 *
 * `retry`, `seam` and `tool-input` are transient: `onData` is told of them, and they stay in no message.
 */
export type UIDataParts = {
  /** Void are all parts before it; {@link currentParts} gives those after it. */
  restart: UIRestart;
  /** An attempt failed before any content, and another follows. */
  retry: { readonly attempt: number; readonly delayMs: number; readonly error: PublicError };
  /** A new generation goes on from here. */
  seam: { readonly attempt: number; readonly provider: string; readonly model: string };
  /** A piece of the JSON of a tool's input, before the call is whole. */
  'tool-input': { readonly toolCallId: string; readonly delta: string };
  /** A part that only its provider understands, and wants back. */
  'provider-item': { readonly format: string; readonly item: Readonly<Record<string, unknown>> };
  /** A message that was taken in while tools ran. */
  message: Message;
};

type DataChunk = {
  [Name in keyof UIDataParts]: {
    readonly type: `data-${Name}`;
    readonly id?: string;
    readonly data: UIDataParts[Name];
    readonly transient?: boolean;
  };
}[keyof UIDataParts];

interface WithMetadata {
  readonly providerMetadata?: ProviderMetadata;
}

/** A chunk of the AI SDK's UI message stream, as far as one is written here. */
export type UIMessageChunk =
  | { readonly type: 'start'; readonly messageId?: string; readonly messageMetadata?: unknown }
  | { readonly type: 'message-metadata'; readonly messageMetadata: unknown }
  | { readonly type: 'start-step' | 'finish-step' }
  | ({ readonly type: 'text-start' | 'reasoning-start'; readonly id: string } & WithMetadata)
  | ({ readonly type: 'text-delta' | 'reasoning-delta'; readonly id: string; readonly delta: string } & WithMetadata)
  | ({ readonly type: 'text-end' | 'reasoning-end'; readonly id: string } & WithMetadata)
  | ({
      readonly type: 'tool-input-available';
      readonly toolCallId: string;
      readonly toolName: string;
      readonly input: unknown;
    } & WithMetadata)
  | { readonly type: 'tool-output-available'; readonly toolCallId: string; readonly output: unknown }
  | { readonly type: 'tool-output-error'; readonly toolCallId: string; readonly errorText: string }
  | { readonly type: 'source-url'; readonly sourceId: string; readonly url: string; readonly title?: string }
  | DataChunk
  | { readonly type: `data-${string}`; readonly id?: string; readonly data: unknown; readonly transient?: boolean }
  | {
      readonly type: 'finish';
      readonly finishReason?: 'stop' | 'length' | 'content-filter' | 'tool-calls' | 'other';
      readonly messageMetadata?: unknown;
    }
  | { readonly type: 'abort'; readonly reason?: string }
  | { readonly type: 'error'; readonly errorText: string };
