import { type AnswerContent, fragmentsOf, inputFragmentsOf, type MessageRole, type UsageContent, type WireMessage } from './content.ts';
import type { OpenAIErrorContent } from './openai-wire.ts';

function eventMessage(data: { readonly type: string; readonly [field: string]: unknown }): string {
  return `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;
}

function usageOf(usage: UsageContent | undefined, deltas: number): object {
  const { inputTokens = 8, outputTokens = deltas, cachedInputTokens = 0, reasoningTokens = 0 } = usage ?? {};
  return {
    input_tokens: inputTokens,
    input_tokens_details: { cached_tokens: cachedInputTokens },
    output_tokens: outputTokens,
    output_tokens_details: { reasoning_tokens: reasoningTokens },
    total_tokens: inputTokens + outputTokens,
  };
}

/** The messages of a good answer of OpenAI's Responses, one by one, for answers of any length. */
export function* responsesMessages(content: AnswerContent): Generator<WireMessage, void, undefined> {
  const { id = 'resp_1', model = 'fault-server', toolCalls = [], usage } = content;
  const response = { id, object: 'response', created_at: 1_700_000_000, model, output: [], error: null };
  let sequence = 0;
  let place = -1;
  let deltas = 0;
  const event = (role: MessageRole, type: string, fields: object): WireMessage => {
    if (role === 'delta') deltas += 1;
    return { role, text: eventMessage({ type: `response.${type}`, sequence_number: sequence++, ...fields }) };
  };
  /** An item with one text: what opens it, its deltas, and what closes it and says all of it once more, unless it is very long. */
  function* item(kind: 'output_text' | 'refusal', fragments: Iterable<string>): Generator<WireMessage, void, undefined> {
    const at = { item_id: `item_${++place}`, output_index: place };
    const member = kind === 'refusal' ? 'refusal' : 'text';
    yield event('opening', 'output_item.added', {
      output_index: place,
      item: { id: at.item_id, type: 'message', role: 'assistant', content: [] },
    });
    yield event('opening', 'content_part.added', { ...at, content_index: 0, part: { type: kind, [member]: '' } });
    for (const delta of fragments) yield event('delta', `${kind}.delta`, { ...at, content_index: 0, delta });
    yield event('closing', 'output_item.done', {
      output_index: place,
      item: { id: at.item_id, type: 'message', status: 'completed', content: [] },
    });
  }

  yield event('opening', 'created', { response: { ...response, status: 'in_progress' } });
  yield event('opening', 'in_progress', { response: { ...response, status: 'in_progress' } });
  if (content.reasoning !== undefined) {
    const at = { item_id: `item_${++place}`, output_index: place };
    yield event('opening', 'output_item.added', { output_index: place, item: { id: at.item_id, type: 'reasoning', summary: [] } });
    for (const delta of fragmentsOf(content.reasoning)) {
      yield event('delta', 'reasoning_summary_text.delta', { ...at, summary_index: 0, delta });
    }
    const text = [...fragmentsOf(content.reasoning)].join('');
    const summary = [{ type: 'summary_text', text }];
    yield event('opening', 'output_item.done', { output_index: place, item: { id: at.item_id, type: 'reasoning', summary } });
  }
  if (content.text !== undefined) yield* item('output_text', repeated(content));
  if (content.refusal !== undefined) yield* item('refusal', fragmentsOf(content.refusal));
  for (const [index, call] of toolCalls.entries()) {
    const at = { item_id: `item_${++place}`, output_index: place };
    const about = { id: at.item_id, type: 'function_call', call_id: call.id ?? `call_${index + 1}`, name: call.name };
    yield event('opening', 'output_item.added', { output_index: place, item: { ...about, arguments: '' } });
    for (const delta of inputFragmentsOf(call)) yield event('delta', 'function_call_arguments.delta', { ...at, delta });
    const whole = { ...about, status: 'completed', arguments: inputFragmentsOf(call).join('') };
    yield event('closing', 'output_item.done', { output_index: place, item: whole });
  }
  const reason = content.finishReason;
  const isWhole = reason === undefined || reason === 'completed';
  const last = {
    ...response,
    status: isWhole ? 'completed' : 'incomplete',
    incomplete_details: isWhole ? null : { reason },
    ...(usage !== null && { usage: usageOf(usage, deltas) }),
  };
  yield event('marker', isWhole ? 'completed' : 'incomplete', { response: last });
}

function* repeated(content: AnswerContent): Iterable<string> {
  for (let round = 0; round < (content.repeat ?? 1); round += 1) yield* fragmentsOf(content.text);
}

/**
 * The server-sent messages of a good answer of OpenAI's Responses, the last being `response.completed`.
 *
 * @example
 * ```ts
 * const withoutTheEnd = responsesEvents({ text: ['Hel', 'lo'] }).slice(0, -1);
 * ```
 */
export function responsesEvents(content: AnswerContent): string[] {
  return Array.from(responsesMessages(content), (message) => message.text);
}

/** An `error` event inside a stream of Responses, as a server-sent message. By default the server is overloaded. */
export function responsesError(error: OpenAIErrorContent = {}): string {
  const {
    message = 'The server is overloaded, please try again later.',
    type = 'server_error',
    code = 'server_error',
    param = null,
  } = error;
  return eventMessage({ type: 'error', sequence_number: 2, error: { type, code, message, param } });
}
