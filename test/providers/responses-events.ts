import type { SseMessage } from '../../src/core/transport.ts';
import { message } from './decoding.ts';

/** An event of a response, named as its type. */
export const event = (type: string, body: object = {}): SseMessage => message({ type, ...body }, type);

export const counted = {
  input_tokens: 9,
  input_tokens_details: { cached_tokens: 4 },
  output_tokens: 5,
  output_tokens_details: { reasoning_tokens: 3 },
  total_tokens: 14,
};

export const created = event('response.created', { response: { id: 'resp_1', status: 'in_progress', output: [] } });
export const completed = (response: object = {}) =>
  event('response.completed', { response: { id: 'resp_1', status: 'completed', usage: counted, ...response } });
export const incomplete = (reason: string) =>
  event('response.incomplete', { response: { id: 'resp_1', status: 'incomplete', incomplete_details: { reason } } });

export const itemAdded = (output_index: unknown, item: object) => event('response.output_item.added', { output_index, item });
export const itemDone = (output_index: unknown, item: object) => event('response.output_item.done', { output_index, item });

/** A delta of text. */
export const say = (delta: unknown, output_index: unknown = 0, content_index: unknown = 0) =>
  event('response.output_text.delta', { item_id: `msg_${Math.random()}`, output_index, content_index, delta });
export const textDone = (text: string, output_index = 0, content_index = 0) =>
  event('response.output_text.done', { output_index, content_index, text });

export const messageItem = (text: string, more: object = {}) => ({
  type: 'message',
  role: 'assistant',
  status: 'completed',
  content: [{ type: 'output_text', text, annotations: [] }],
  ...more,
});

export const callItem = (args: unknown, more: object = {}) => ({
  type: 'function_call',
  id: 'fc_1',
  call_id: 'call_1',
  name: 'look',
  arguments: args,
  status: 'completed',
  ...more,
});

export const argumentsDelta = (delta: string, output_index: unknown = 0) =>
  event('response.function_call_arguments.delta', { output_index, delta });

/** The same messages, numbered from `first`. */
export const numbered = (messages: readonly SseMessage[], first = 0): SseMessage[] =>
  messages.map((each, index) => ({ ...each, data: JSON.stringify({ ...JSON.parse(each.data), sequence_number: first + index }) }));
