/** A piece of a message: text, an image, a tool call of the model, or the result of one. */
export type Part =
  | { readonly type: 'text'; readonly text: string }
  /** `url` is an `https:` address or a `data:` URL. */
  | { readonly type: 'image'; readonly url: string }
  | { readonly type: 'tool-call'; readonly toolCallId: string; readonly toolName: string; readonly input: unknown }
  | { readonly type: 'tool-result'; readonly toolCallId: string; readonly toolName: string; readonly output: unknown };

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
  /** At least one. */
  readonly messages: readonly Message[];
  readonly tools?: readonly ToolDefinition[] | undefined;
  readonly toolChoice?: ToolChoice | undefined;
  /** 0 to 2. */
  readonly temperature?: number | undefined;
  readonly maxOutputTokens?: number | undefined;
  readonly stop?: readonly string[] | undefined;
  readonly seed?: number | undefined;
  readonly reasoningEffort?: 'minimal' | 'low' | 'medium' | 'high' | undefined;
  readonly responseFormat?: ResponseFormat | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  /** Fields for one provider only, merged into its request body as they are: `{ openai: { user: 'u1' } }`. */
  readonly providerOptions?: { readonly [provider: string]: Readonly<Record<string, unknown>> } | undefined;
}
