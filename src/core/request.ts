/**
 * What a provider wants back in the next turn, by wire format: `{ acme: { signature } }`. Other formats leave it out.
 */
export type ProviderMetadata = { readonly [format: string]: Readonly<Record<string, unknown>> };

/** A piece of a message: text, an image, what the model thought, a tool call of it, or the result of one. */
export type Part =
  | { readonly type: 'text'; readonly text: string; readonly providerMetadata?: ProviderMetadata | undefined }
  /** `url` is an `https:` address or a `data:` URL. */
  | { readonly type: 'image'; readonly url: string }
  /** An image as bytes, or as base64. */
  | { readonly type: 'image'; readonly data: Uint8Array | string; readonly mediaType: string }
  /** Of an answer; goes back only to the provider that can check it. */
  | { readonly type: 'reasoning'; readonly text: string; readonly providerMetadata?: ProviderMetadata | undefined }
  | {
      readonly type: 'tool-call';
      readonly toolCallId: string;
      readonly toolName: string;
      readonly input: unknown;
      readonly providerMetadata?: ProviderMetadata | undefined;
    }
  | {
      readonly type: 'tool-result';
      readonly toolCallId: string;
      readonly toolName: string;
      readonly output: unknown;
      /** Whether the output says what went wrong. Default: false. */
      readonly isError?: boolean | undefined;
    }
  /** Of an answer, as it came; goes back only where it came from. */
  | { readonly type: 'provider-item'; readonly format: string; readonly item: Readonly<Record<string, unknown>> };

/** One message of the conversation. */
export interface Message {
  readonly role: 'system' | 'user' | 'assistant' | 'tool';
  readonly content: string | readonly Part[];
}

/** A tool that the model may call; its input is described by a JSON Schema. */
export interface ToolDefinition {
  readonly name: string;
  readonly description?: string | undefined;
  readonly inputSchema: Readonly<Record<string, unknown>>;
}

/** Whether the model must, may or must not call a tool, or which one it must call. */
export type ToolChoice = 'auto' | 'none' | 'required' | { readonly toolName: string };

/** How much the model shall think before it answers; each provider takes the nearest that it knows. */
export type ReasoningEffort = 'none' | 'minimal' | 'low' | 'medium' | 'high';

/** The form of the answer: free text, any JSON, or JSON that follows a schema. */
export type ResponseFormat =
  | { readonly type: 'text' }
  | { readonly type: 'json' }
  | { readonly type: 'json-schema'; readonly name: string; readonly schema: Readonly<Record<string, unknown>> };

/**
 * What is asked of a model: plain data, the same for every provider, and serializable.
 *
 * @example
 * ```ts
 * const request: StreamRequest = {
 *   model: 'gpt-4o-mini',
 *   messages: [{ role: 'user', content: 'Hello' }],
 *   maxOutputTokens: 200,
 * };
 * ```
 */
export interface StreamRequest {
  readonly model: string;
  /** At least one, unless there is a `rawBody`. */
  readonly messages: readonly Message[];
  readonly tools?: readonly ToolDefinition[] | undefined;
  readonly toolChoice?: ToolChoice | undefined;
  /** 0 to 2. */
  readonly temperature?: number | undefined;
  readonly maxOutputTokens?: number | undefined;
  readonly stop?: readonly string[] | undefined;
  readonly seed?: number | undefined;
  readonly reasoningEffort?: ReasoningEffort | undefined;
  readonly responseFormat?: ResponseFormat | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  /** Fields for one provider only, merged into its request body as they are: `{ acme: { user: 'u1' } }`. */
  readonly providerOptions?: { readonly [provider: string]: Readonly<Record<string, unknown>> } | undefined;
  /**
   * The body in the provider's own format, sent as it is in place of everything above but the model (of which the key of the breaker
   * and some addresses are made). It has to ask for a stream itself.
   */
  readonly rawBody?: Readonly<Record<string, unknown>> | undefined;
}
