import type { Message, ProviderMetadata } from './request.ts';

/** Why the model stopped. `length` is an honest finish: the limit on output tokens was reached. */
export type FinishReason = 'stop' | 'length' | 'tool-calls' | 'content-filter' | 'refusal' | 'other';

/**
 * Tokens of one answer, in one shape for every provider.
 *
 * `inputTokens` and `outputTokens` are all that was read and written, whatever of it is told apart below. `estimated` says that the
 * provider did not report them, or not to the end.
 */
export interface Usage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly totalTokens: number;
  /** Input tokens read from the provider's cache; part of `inputTokens`. */
  readonly cachedInputTokens?: number | undefined;
  /** Input tokens written to the provider's cache, where it charges for that; part of `inputTokens`. */
  readonly cacheWriteTokens?: number | undefined;
  /** Output tokens spent on reasoning; part of `outputTokens`. */
  readonly reasoningTokens?: number | undefined;
  readonly estimated: boolean;
}

/** A tool call of the model, whole. */
export interface ToolCall {
  readonly toolCallId: string;
  readonly toolName: string;
  readonly input: unknown;
  readonly providerMetadata?: ProviderMetadata | undefined;
}

/** What a stream has said so far, or in all. */
export interface StreamResult {
  readonly text: string;
  readonly reasoning: string;
  /** What the model said in refusing, if it did. */
  readonly refusal?: string | undefined;
  readonly toolCalls: readonly ToolCall[];
  /**
   * The answer as messages, to be appended to the conversation: `[...messages, ...result.messages, next]`. They hold all that the provider
   * wants back: reasoning with its signature, tool calls, and the results of those that were run.
   */
  readonly messages: readonly Message[];
  readonly usage: Usage;
  /** Of the whole call, failed attempts and targets included. Set where other attempts than the answer's had a cost. */
  readonly usageOverAllAttempts?: Usage | undefined;
  /** `undefined` while the stream runs, and in the `partial` of an error. */
  readonly finishReason: FinishReason | undefined;
  /** Set when only the end of the text was kept, because of a limit on memory. */
  readonly truncated?: true | undefined;
}
