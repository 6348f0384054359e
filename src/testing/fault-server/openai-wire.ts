import { type AnswerContent, dataMessage, fragmentsOf, inputFragmentsOf, type UsageContent, type WireMessage } from './content.ts';

/** An error as OpenAI writes it. */
export interface OpenAIErrorContent {
  readonly message?: string | undefined;
  readonly type?: string | undefined;
  readonly code?: string | number | null | undefined;
  readonly param?: string | null | undefined;
}

function usageOf(usage: UsageContent | undefined, deltas: number): Record<string, unknown> {
  const { inputTokens = 8, outputTokens = deltas, cachedInputTokens = 0, reasoningTokens = 0 } = usage ?? {};
  return {
    prompt_tokens: inputTokens,
    completion_tokens: outputTokens,
    total_tokens: inputTokens + outputTokens,
    prompt_tokens_details: { cached_tokens: cachedInputTokens },
    completion_tokens_details: { reasoning_tokens: reasoningTokens },
  };
}

/** The messages of a good answer in Chat Completions, one by one, for answers of any length. */
export function* openaiMessages(content: AnswerContent): Generator<WireMessage, void, undefined> {
  const { id = 'chatcmpl-1', model = 'fault-server', toolCalls = [], usage } = content;
  const envelope = { id, object: 'chat.completion.chunk', created: 1_700_000_000, model };
  const chunk = (delta: object, finishReason: string | null = null): string =>
    dataMessage({
      ...envelope,
      choices: [{ index: 0, delta, logprobs: null, finish_reason: finishReason }],
      ...(usage === null ? {} : { usage: null }),
    });
  let deltas = 0;
  const delta = (value: object): WireMessage => {
    deltas += 1;
    return { role: 'delta', text: chunk(value) };
  };

  yield { role: 'opening', text: chunk({ role: 'assistant', content: '', refusal: null }) };
  for (const reasoning of fragmentsOf(content.reasoning)) yield delta({ reasoning_content: reasoning });
  for (let round = 0; round < (content.repeat ?? 1); round += 1) {
    for (const text of fragmentsOf(content.text)) yield delta({ content: text });
  }
  for (const refusal of fragmentsOf(content.refusal)) yield delta({ refusal });
  for (const [index, call] of toolCalls.entries()) {
    const head = { index, id: call.id ?? `call_${index + 1}`, type: 'function', function: { name: call.name, arguments: '' } };
    yield { role: 'opening', text: chunk({ tool_calls: [head] }) };
    for (const fragment of inputFragmentsOf(call)) yield delta({ tool_calls: [{ index, function: { arguments: fragment } }] });
  }
  yield { role: 'finish-reason', text: chunk({}, content.finishReason ?? (toolCalls.length > 0 ? 'tool_calls' : 'stop')) };
  if (usage !== null) yield { role: 'usage', text: dataMessage({ ...envelope, choices: [], usage: usageOf(usage, deltas) }) };
  yield { role: 'marker', text: dataMessage('[DONE]') };
}

/**
 * The server-sent messages of a good answer in OpenAI's Chat Completions, the last being `[DONE]`.
 *
 * @example
 * ```ts
 * const [opening, hello, ...rest] = openaiChunks({ text: ['Hel', 'lo'] });
 * ```
 */
export function openaiChunks(content: AnswerContent): string[] {
  return Array.from(openaiMessages(content), (message) => message.text);
}

/** An error inside an OpenAI stream, as a server-sent message. By default the server is overloaded. */
export function openaiError(error: OpenAIErrorContent = {}): string {
  const {
    message = 'The server is overloaded, please try again later.',
    type = 'server_error',
    code = 'server_error',
    param = null,
  } = error;
  return dataMessage({ error: { message, type, param, code } });
}
