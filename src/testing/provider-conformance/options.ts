import type { ErrorCategory, FinishReason, StreamRequest, Transport, Usage } from '../../index.ts';

/** What an answer must come to. What is left out is not looked at. */
export interface ExpectedAnswer {
  readonly text?: string | undefined;
  readonly reasoning?: string | undefined;
  readonly toolCalls?: readonly { readonly toolName: string; readonly input: unknown }[] | undefined;
  readonly finishReason?: FinishReason | undefined;
  readonly usage?: Partial<Usage> | undefined;
}

/** A whole, good answer of the provider, as its bytes. */
export interface ConformanceStream {
  readonly name: string;
  /** The body of the response. */
  readonly body: string | Uint8Array;
  readonly expect?: ExpectedAnswer | undefined;
}

/** An error of the provider. */
export interface ConformanceError {
  readonly name: string;
  /** The HTTP status. Left out, the error stands inside a 200: `body` is then a stream that ends with it. */
  readonly status?: number | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body: string | Uint8Array;
  readonly expect?: {
    readonly category?: ErrorCategory | undefined;
    readonly retryable?: boolean | undefined;
    readonly retryAfterMs?: number | undefined;
    readonly code?: string | undefined;
  };
}

/** What {@link providerConformance} is given beside the provider. */
export interface ConformanceOptions {
  /** Good answers, at least one; best one of each kind: text, reasoning, tool calls. */
  readonly streams: readonly ConformanceStream[];
  /** Errors, over HTTP and inside a stream. Default: none. */
  readonly errors?: readonly ConformanceError[] | undefined;
  /** Default: a model and one message. */
  readonly request?: StreamRequest | undefined;
  /** The key that the provider was made with, to be looked for where it must not be. Default: what its headers carry as one. */
  readonly apiKey?: string | undefined;
  /** The content type of the answers. Default: `text/event-stream`. */
  readonly contentType?: string | undefined;
  /** Makes the provider's transport over another `fetch`, for a provider with one of its own. Default: `fetchTransport({ fetch })`. */
  readonly transport?: ((fetch: typeof globalThis.fetch) => Transport) | undefined;
}

/** One promise that a provider has to keep: a test. */
export interface ConformanceCheck {
  readonly name: string;
  /** Rejects with an error that says what is wrong. */
  run(): Promise<void>;
}
