import type { ProviderEvent } from '../core/event.ts';
import { type JsonObject, textOf } from '../core/json-value.ts';
import { ResponsesCalls } from './openai-responses-calls.ts';
import { endOfResponse } from './openai-responses-end.ts';
import { isToolCall } from './openai-responses-item.ts';
import { ResponsesItems } from './openai-responses-items.ts';
import { placeOf, ResponsesParts } from './openai-responses-parts.ts';
import { responsesUsage } from './openai-responses-usage.ts';
import { unknownUsage } from './openai-usage.ts';

/**
 * One response of the Responses API, read event by event.
 *
 * The wire says everything three times: in deltas, in the events that end a part and an item, and in the response at the end. Each thing is
 * delivered where it comes first.
 */
export class ResponsesAnswer {
  /** What the last calls gave; whoever reads it empties it. */
  readonly events: ProviderEvent[];
  readonly #parts: ResponsesParts;
  readonly #calls: ResponsesCalls;
  readonly #items: ResponsesItems;
  #isLate = false;

  constructor(events: ProviderEvent[] = []) {
    this.events = events;
    this.#parts = new ResponsesParts(events);
    this.#calls = new ResponsesCalls(events);
    this.#items = new ResponsesItems(events, this.#parts, this.#calls);
  }

  /** The stream does not begin with the beginning of the response: what came before was delivered by another. */
  joinLate(): void {
    this.#isLate = true;
    this.#parts.joinLate();
  }

  /** Reads one event that does not end the response. */
  read(type: string, body: JsonObject): void {
    switch (type) {
      case 'response.output_text.delta':
        this.#parts.say('text', body.output_index, body.content_index, textOf(body.delta));
        break;
      case 'response.reasoning_summary_text.delta':
        this.#parts.say('reasoning', body.output_index, body.summary_index, textOf(body.delta));
        break;
      case 'response.reasoning_text.delta':
        this.#parts.say('reasoning-text', body.output_index, body.content_index, textOf(body.delta));
        break;
      case 'response.refusal.delta':
        this.#parts.say('refusal', body.output_index, body.content_index, textOf(body.delta));
        break;
      case 'response.function_call_arguments.delta':
        this.#calls.append(placeOf(body.output_index), textOf(body.delta), false);
        break;
      case 'response.custom_tool_call_input.delta':
        this.#calls.append(placeOf(body.output_index), textOf(body.delta), true);
        break;
      default:
        this.#readWhole(type, body);
    }
  }

  /** Ends the response with the event that says so. Throws where that says that it failed, and at a tool call that is not whole. */
  end(type: string, response: JsonObject): void {
    const usage = responsesUsage(response.usage);
    const { finishReason: told, rawFinishReason, error } = endOfResponse(type, response);
    if (error !== undefined) {
      if (usage !== undefined) this.events.push({ type: 'usage', usage });
      throw error;
    }
    const output = Array.isArray(response.output) ? response.output : [];
    this.#items.readOutput(output, this.#isLate);
    this.#calls.end(told !== 'stop');
    // The calls of a response that was taken up again may have been delivered before.
    const called = this.#calls.called || (this.#isLate && output.some(isToolCall));
    const finishReason = told !== 'stop' ? told : called ? 'tool-calls' : this.#parts.hasSaid('refusal') ? 'refusal' : told;
    if (usage !== undefined) this.events.push({ type: 'usage', usage });
    this.events.push({ type: 'finish', finishReason, rawFinishReason, usage: usage ?? unknownUsage });
  }

  /** The events between the deltas. */
  #readWhole(type: string, body: JsonObject): void {
    const { output_index: place, content_index: content, summary_index: summary } = body;
    switch (type) {
      case 'response.output_text.done':
        this.#parts.complete('text', place, content, textOf(body.text));
        break;
      case 'response.refusal.done':
        this.#parts.complete('refusal', place, content, textOf(body.refusal));
        break;
      case 'response.reasoning_summary_text.done':
        this.#parts.complete('reasoning', place, summary, textOf(body.text));
        break;
      case 'response.reasoning_text.done':
        this.#parts.complete('reasoning-text', place, content, textOf(body.text));
        break;
      case 'response.content_part.added':
      case 'response.reasoning_summary_part.added':
        this.#items.beginPart(place, content ?? summary, body.part);
        break;
      case 'response.content_part.done':
      case 'response.reasoning_summary_part.done':
        this.#items.readPart(place, content ?? summary, body.part);
        break;
      case 'response.output_item.added':
        this.#items.begin(place, body.item);
        break;
      case 'response.output_item.done':
        this.#items.read(place, body.item);
        break;
      case 'response.function_call_arguments.done':
        this.#calls.finishInput(placeOf(place), body.arguments, false);
        break;
      case 'response.custom_tool_call_input.done':
        this.#calls.finishInput(placeOf(place), body.input, true);
        break;
      case 'response.output_text.annotation.added':
        this.#items.cite(body.annotation);
    }
  }
}
