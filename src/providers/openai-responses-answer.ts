import type { ProviderEvent } from '../core/event.ts';
import { isObject, type JsonObject, textOf } from '../core/json-value.ts';
import { ResponsesCalls } from './openai-responses-calls.ts';
import { endOfResponse } from './openai-responses-end.ts';
import { isToolCall } from './openai-responses-item.ts';
import { ResponsesItems } from './openai-responses-items.ts';
import { ResponsesParts } from './openai-responses-parts.ts';
import { ResponsesPlaces } from './openai-responses-places.ts';
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
  readonly #places = new ResponsesPlaces();
  readonly #parts: ResponsesParts;
  readonly #calls: ResponsesCalls;
  readonly #items: ResponsesItems;
  #isLate = false;

  /**
   * @param responseId Empty where it is not known.
   * @param events Where the events go.
   */
  constructor(responseId: () => string, events: ProviderEvent[] = []) {
    this.events = events;
    this.#parts = new ResponsesParts(events);
    this.#calls = new ResponsesCalls(events, responseId);
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
        this.#parts.say('text', this.#placeOfPiece(body), body.content_index, textOf(body.delta));
        break;
      case 'response.reasoning_summary_text.delta':
        this.#parts.say('reasoning', this.#placeOfPiece(body), body.summary_index, textOf(body.delta));
        break;
      case 'response.reasoning_text.delta':
        this.#parts.say('reasoning-text', this.#placeOfPiece(body), body.content_index, textOf(body.delta));
        break;
      case 'response.refusal.delta':
        this.#parts.say('refusal', this.#placeOfPiece(body), body.content_index, textOf(body.delta));
        break;
      case 'response.function_call_arguments.delta':
        this.#calls.append(this.#placeOfPiece(body), textOf(body.delta), false);
        break;
      case 'response.custom_tool_call_input.delta':
        this.#calls.append(this.#placeOfPiece(body), textOf(body.delta), true);
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
    this.#parts.end();
    this.#calls.end(told !== 'stop');
    // The calls of a response that was taken up again may have been delivered before.
    const called = this.#calls.called || (this.#isLate && output.some(isToolCall));
    const finishReason = told !== 'stop' ? told : called ? 'tool-calls' : this.#parts.hasSaid('refusal') ? 'refusal' : told;
    if (usage !== undefined) this.events.push({ type: 'usage', usage });
    this.events.push({ type: 'finish', finishReason, rawFinishReason, usage: usage ?? unknownUsage });
  }

  #placeOfPiece({ output_index, item_id }: JsonObject): number {
    return this.#places.ofPiece(output_index, item_id);
  }

  /** The events between the deltas. */
  #readWhole(type: string, body: JsonObject): void {
    const { output_index: index, item_id: itemId, content_index: content, summary_index: summary, item } = body;
    switch (type) {
      case 'response.output_text.done':
        this.#parts.complete('text', this.#places.ofWhole(index, itemId), content, textOf(body.text));
        break;
      case 'response.refusal.done':
        this.#parts.complete('refusal', this.#places.ofWhole(index, itemId), content, textOf(body.refusal));
        break;
      case 'response.reasoning_summary_text.done':
        this.#parts.complete('reasoning', this.#places.ofWhole(index, itemId), summary, textOf(body.text));
        break;
      case 'response.reasoning_text.done':
        this.#parts.complete('reasoning-text', this.#places.ofWhole(index, itemId), content, textOf(body.text));
        break;
      case 'response.content_part.added':
      case 'response.reasoning_summary_part.added':
        this.#items.beginPart(this.#placeOfPiece(body), content ?? summary, body.part);
        break;
      case 'response.content_part.done':
      case 'response.reasoning_summary_part.done':
        this.#items.readPart(this.#places.ofWhole(index, itemId), content ?? summary, body.part);
        break;
      case 'response.output_item.added':
        this.#items.begin(this.#places.begin(index, item), item);
        break;
      case 'response.output_item.done':
        if (isObject(item)) this.#items.read(this.#places.end(index, item), item);
        break;
      case 'response.function_call_arguments.done':
        this.#calls.finishInput(this.#places.ofWhole(index, itemId), body.arguments, false);
        break;
      case 'response.custom_tool_call_input.done':
        this.#calls.finishInput(this.#places.ofWhole(index, itemId), body.input, true);
        break;
      case 'response.output_text.annotation.added':
        this.#items.cite(body.annotation);
    }
  }
}
