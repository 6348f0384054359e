import type { Message } from './request.ts';

/** Why the model stopped. `length` is an honest finish: the limit on output tokens was reached. */
export type FinishReason = 'stop' | 'length' | 'tool-calls' | 'content-filter' | 'refusal' | 'other';

/** Tokens of one answer. `estimated` says that the provider did not report them. */
export interface Usage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly totalTokens: number;
  /** Input tokens read from the provider's cache; part of `inputTokens`. */
  readonly cachedInputTokens?: number | undefined;
  /** Output tokens spent on reasoning; part of `outputTokens`. */
  readonly reasoningTokens?: number | undefined;
  readonly estimated: boolean;
}

/** A tool call of the model, whole. */
export interface ToolCall {
  readonly toolCallId: string;
  readonly toolName: string;
  readonly input: unknown;
}

/** What a stream has said so far, or in all. */
export interface StreamResult {
  readonly text: string;
  readonly reasoning: string;
  /** What the model said in refusing, if it did. */
  readonly refusal?: string | undefined;
  readonly toolCalls: readonly ToolCall[];
  /** The answer as messages, to be appended to the conversation. */
  readonly messages: readonly Message[];
  readonly usage: Usage;
  /** `undefined` while the stream runs, and in the `partial` of an error. */
  readonly finishReason: FinishReason | undefined;
  /** Set when only the end of the text was kept, because of a limit on memory. */
  readonly truncated?: true | undefined;
}
