import { type AnswerContent, fragmentsOf, inputFragmentsOf, type WireMessage } from './content.ts';

/** An error as Anthropic writes it. */
export interface AnthropicErrorContent {
  readonly type?: string | undefined;
  readonly message?: string | undefined;
  readonly requestId?: string | undefined;
}

function eventMessage(data: { readonly type: string; readonly [field: string]: unknown }): string {
  return `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;
}

function stopReasonOf(content: AnswerContent): string {
  if (content.finishReason !== undefined) return content.finishReason;
  if (content.refusal !== undefined) return 'refusal';
  return (content.toolCalls?.length ?? 0) > 0 ? 'tool_use' : 'end_turn';
}

/** The messages of a good answer in Anthropic's Messages, one by one, for answers of any length. */
export function* anthropicMessages(content: AnswerContent): Generator<WireMessage, void, undefined> {
  const { id = 'msg_1', model = 'fault-server', toolCalls = [], usage } = content;
  const { inputTokens = 8, cachedInputTokens = 0 } = usage ?? {};
  // Anthropic counts the cached tokens apart.
  const openingUsage = { input_tokens: inputTokens - cachedInputTokens, cache_read_input_tokens: cachedInputTokens, output_tokens: 1 };
  let deltas = 0;
  let index = -1;
  let open = false;

  function* block(start: object): Generator<WireMessage, void, undefined> {
    if (open) yield stop('opening');
    index += 1;
    open = true;
    yield { role: 'opening', text: eventMessage({ type: 'content_block_start', index, content_block: start }) };
  }
  const stop = (role: 'opening' | 'closing'): WireMessage => ({ role, text: eventMessage({ type: 'content_block_stop', index }) });
  const part = (role: 'opening' | 'delta', delta: object): WireMessage => {
    if (role === 'delta') deltas += 1;
    return { role, text: eventMessage({ type: 'content_block_delta', index, delta }) };
  };

  const message = { id, type: 'message', role: 'assistant', model, content: [], stop_reason: null, stop_sequence: null };
  yield {
    role: 'opening',
    text: eventMessage({ type: 'message_start', message: { ...message, ...(usage === null ? {} : { usage: openingUsage }) } }),
  };
  if (content.reasoning !== undefined) {
    yield* block({ type: 'thinking', thinking: '', signature: '' });
    for (const thinking of fragmentsOf(content.reasoning)) yield part('delta', { type: 'thinking_delta', thinking });
    yield part('opening', { type: 'signature_delta', signature: 'c2lnbmF0dXJl' });
  }
  if (content.text !== undefined) {
    yield* block({ type: 'text', text: '' });
    for (let round = 0; round < (content.repeat ?? 1); round += 1) {
      for (const text of fragmentsOf(content.text)) yield part('delta', { type: 'text_delta', text });
    }
  }
  for (const [position, call] of toolCalls.entries()) {
    yield* block({ type: 'tool_use', id: call.id ?? `call_${position + 1}`, name: call.name, input: {} });
    yield part('opening', { type: 'input_json_delta', partial_json: '' });
    for (const fragment of inputFragmentsOf(call)) yield part('delta', { type: 'input_json_delta', partial_json: fragment });
  }
  if (open) yield stop('closing');
  const refusal = [...fragmentsOf(content.refusal)].join('');
  const details = content.refusal === undefined ? {} : { stop_details: { type: 'refusal', category: null, explanation: refusal } };
  yield {
    role: 'finish-reason',
    text: eventMessage({
      type: 'message_delta',
      delta: { stop_reason: stopReasonOf(content), stop_sequence: null, ...details },
      ...(usage === null ? {} : { usage: { output_tokens: usage?.outputTokens ?? deltas } }),
    }),
  };
  yield { role: 'marker', text: eventMessage({ type: 'message_stop' }) };
}

/**
 * The server-sent messages of a good answer in Anthropic's Messages, the last being `message_stop`.
 *
 * @example
 * ```ts
 * const withoutTheEnd = anthropicEvents({ text: ['Hel', 'lo'] }).slice(0, -1);
 * ```
 */
export function anthropicEvents(content: AnswerContent): string[] {
  return Array.from(anthropicMessages(content), (message) => message.text);
}

/** An `error` event inside an Anthropic stream, as a server-sent message. By default the server is overloaded. */
export function anthropicError(error: AnthropicErrorContent = {}): string {
  const { type = 'overloaded_error', message = 'Overloaded', requestId = 'req_1' } = error;
  return eventMessage({ type: 'error', error: { type, message }, request_id: requestId });
}
