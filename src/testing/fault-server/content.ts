/** The wire formats that the fault server speaks. */
export type WireFormat = 'openai' | 'openai-responses' | 'anthropic' | 'gemini';

/** One delta after another. A string is cut into words, each with the space before it. */
export type Fragments = string | Iterable<string>;

/** A call of a tool in a good answer. */
export interface ToolCallContent {
  readonly name: string;
  /** Default: `call_1`, `call_2`, and so on. */
  readonly id?: string | undefined;
  /** The arguments, sent as JSON in one delta. Default `{}`. */
  readonly input?: unknown;
  /** The arguments as pieces of JSON text, one a delta, in place of `input`. */
  readonly inputFragments?: readonly string[] | undefined;
}

/** What an answer used, as the provider will report it. */
export interface UsageContent {
  readonly inputTokens?: number | undefined;
  readonly outputTokens?: number | undefined;
  /** Part of `inputTokens`. */
  readonly cachedInputTokens?: number | undefined;
  /** Part of `outputTokens`; Anthropic does not report them. */
  readonly reasoningTokens?: number | undefined;
}

/** What a good answer says, the same for every wire format. */
export interface AnswerContent {
  readonly text?: Fragments | undefined;
  /** How often the text is sent, for long answers that nobody has to hold in memory. `Infinity` is allowed. Default 1. */
  readonly repeat?: number | undefined;
  readonly reasoning?: Fragments | undefined;
  /** OpenAI sends it as deltas; for Anthropic it explains the stop reason `refusal`. */
  readonly refusal?: Fragments | undefined;
  readonly toolCalls?: readonly ToolCallContent[] | undefined;
  /** Default: 8 tokens in, one token out for each delta. `null`: no usage is sent. */
  readonly usage?: UsageContent | null | undefined;
  /** The provider's own word. Default: what fits the content (`stop`, `tool_calls`; `end_turn`, `tool_use`, `refusal`). */
  readonly finishReason?: string | undefined;
  /** Default: the model that the request asked for. */
  readonly model?: string | undefined;
  /** The id of the response. */
  readonly id?: string | undefined;
}

/** What a message is for, so that a fault can be placed before or after it. */
export type MessageRole = 'opening' | 'delta' | 'closing' | 'finish-reason' | 'usage' | 'marker';

/** One server-sent message with its place in the answer. */
export interface WireMessage {
  readonly role: MessageRole;
  readonly text: string;
}

/** The deltas of a text. */
export function fragmentsOf(fragments: Fragments | undefined): Iterable<string> {
  return typeof fragments === 'string' ? (fragments.match(/\s*\S+|\s+/g) ?? []) : (fragments ?? []);
}

/** The deltas of a tool call's arguments. */
export function inputFragmentsOf(call: ToolCallContent): readonly string[] {
  return call.inputFragments ?? [JSON.stringify(call.input ?? {})];
}

/** A server-sent message without a name. */
export function dataMessage(value: unknown): string {
  return `data: ${typeof value === 'string' ? value : JSON.stringify(value)}\n\n`;
}
