import { defaults } from '../core/defaults.ts';
import type { EventLike, StreamEvent } from '../core/event.ts';
import { ProviderError } from '../core/provider-error.ts';
import type { Message, Part, StreamRequest } from '../core/request.ts';
import { ResultBuilder } from '../core/result-builder.ts';
import type { FinishReason, StreamResult, ToolCall } from '../core/stream-result.ts';
import { BoundedText } from './bounded-text.ts';
import { joinResults, nothingSaid } from './joined-results.ts';

/** The result of a tool's call, as it is emitted, and as it goes back to the model. */
export type ToolResult = Extract<Part, { readonly type: 'tool-result' }>;

type MessageTakenIn = Extract<StreamEvent, { readonly type: 'message' }>;
type Finish = Extract<StreamEvent, { readonly type: 'finish' }>;

/** An answer that was cut or filtered may not have meant what its calls say. */
const trustedEnds: readonly FinishReason[] = ['stop', 'tool-calls', 'other'];

/** The raw end of an answer whose turn goes on: asked again with what it has said so far, a provider that runs tools of its own continues. */
const pausedTurn = 'pause_turn';

/**
 * A conversation of a model with its tools: what each turn asks, what the turns together have said, and whether another one follows.
 *
 * A plain state machine. A turn is `begin`, its events through `add`, `end`, the results of its calls through `report`, and `close`.
 */
export class ToolLoop {
  readonly #request: StreamRequest;
  readonly #maxSteps: number;
  #steps = 0;
  #isOver = false;
  /** What the turns before this one said, and the messages that they make. */
  #before: StreamResult = nothingSaid;
  #turn = newBuilder();
  #finish: Finish | undefined;
  #said: readonly Message[] = [];
  #calls: readonly ToolCall[] = [];
  #results: (ToolResult | undefined)[] = [];
  #target: { readonly provider?: string; readonly model?: string } = {};

  constructor(request: StreamRequest, maxSteps: number) {
    this.#request = request;
    this.#maxSteps = maxSteps;
  }

  /** The turn that runs, or ran last, from 1. */
  get step(): number {
    return this.#steps;
  }

  /** Whether the end has been reached. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Provider and model that are answering, as far as they are known. */
  get target(): { readonly provider?: string; readonly model?: string } {
    return this.#target;
  }

  /**
   * What all turns have said so far; `undefined` if nothing.
   *
   * @param turn What is known of this one, if somebody knows better.
   */
  partial(turn?: StreamResult): StreamResult | undefined {
    if (this.#before === nothingSaid && this.#turn.isEmpty) return undefined;
    return { ...joinResults(this.#before, turn ?? this.#turn.snapshot()), finishReason: undefined };
  }

  /** The conversation up to and with this turn's answer. */
  get messages(): readonly Message[] {
    return [...this.#request.messages, ...this.#before.messages, ...this.#said];
  }

  /** Begins a turn; returns what is to be asked. */
  begin(): StreamRequest {
    this.#steps++;
    this.#turn = newBuilder();
    this.#finish = undefined;
    const { toolChoice, messages } = this.#request;
    if (this.#steps === 1) return this.#request;
    // A call that every turn is forced to make would never let the run come to an answer.
    const isForced = toolChoice === 'required' || typeof toolChoice === 'object';
    return { ...this.#request, messages: [...messages, ...this.#before.messages], ...(isForced && { toolChoice: 'auto' }) };
  }

  /** An event of the turn; `emit` is told what it is in the run. The turn's end is kept back, and so is the start of all but the first. */
  add<E extends EventLike>(event: StreamEvent | E, emit: (event: StreamEvent | E) => void): void {
    const ours = event as StreamEvent;
    if (ours.type === 'start' || ours.type === 'restart' || ours.type === 'seam')
      this.#target = { provider: ours.provider, model: ours.model };
    this.#turn.add(ours);
    if (ours.type === 'finish') this.#finish = ours;
    else if (this.#steps === 1) emit(event);
    else this.#addLater(ours, emit);
  }

  #addLater(event: StreamEvent, emit: (event: StreamEvent) => void): void {
    switch (event.type) {
      case 'start':
        return;
      case 'text-delta':
      case 'reasoning-delta':
      case 'refusal-delta':
        // Of each turn the parts are numbered anew.
        emit({ ...event, id: `${this.#steps}/${event.id}` });
        return;
      case 'usage':
        emit({ ...event, usage: joinResults(this.#before, this.#turn.snapshot()).usage });
        return;
      case 'restart':
        // Void is only what this turn has said.
        emit(event);
        emit({ type: 'snapshot', result: this.#before });
        return;
      case 'snapshot':
        emit({ ...event, result: joinResults(this.#before, this.#turn.snapshot()) });
        return;
      default:
        emit(event);
    }
  }

  /**
   * The turn has ended. Returns the calls that are to be run: none in the last turn, of an answer that was cut, or where the provider
   * has run them itself.
   *
   * @throws ProviderError if its end never came.
   */
  end(): readonly ToolCall[] {
    if (!this.#finish) throw new ProviderError({ category: 'interrupted', phase: 'streaming', reason: 'a turn ended without a finish' });
    const { messages, toolCalls } = this.#turn.snapshot();
    const parts = messages.flatMap(({ content }) => (typeof content === 'string' ? [] : content));
    const answered = new Set(parts.map((part) => (part.type === 'tool-result' ? part.toolCallId : undefined)));
    this.#said = messages;
    this.#calls = toolCalls.filter(({ toolCallId }) => !answered.has(toolCallId));
    this.#results = this.#calls.map(() => undefined);
    return this.#steps < this.#maxSteps && trustedEnds.includes(this.#finish.finishReason) ? this.#calls : [];
  }

  /** The result of the so-manieth call that `end` returned. */
  report(index: number, result: ToolResult): void {
    this.#results[index] = result;
    this.#turn.add(result);
  }

  /**
   * Everything of the turn is done. Returns the end of the run; or, where another turn follows, what it takes in.
   *
   * Another turn follows where there are results or messages to answer, and no call is left without a result; or where the provider paused
   * in the middle of one, behind whose half nothing else may stand: what has come meanwhile waits.
   *
   * @param take Gives the messages that have come meanwhile; not asked at the end.
   */
  close(take: () => readonly Message[]): readonly (Finish | MessageTakenIn)[] {
    const mayGoOn = this.#steps < this.#maxSteps && this.#results.every((result) => result !== undefined);
    const isPaused = this.#calls.length === 0 && this.#finish?.rawFinishReason === pausedTurn;
    const arrived = mayGoOn && !isPaused ? take() : [];
    if (!mayGoOn || (!isPaused && this.#calls.length + arrived.length === 0)) {
      this.#isOver = true;
      const { usage, usageOverAllAttempts } = joinResults(this.#before, this.#turn.snapshot());
      return [{ ...(this.#finish as Finish), usage, ...(usageOverAllAttempts && { usageOverAllAttempts }) }];
    }
    // For the model in the order of its calls, in whatever order they were done.
    const results = this.#results as readonly ToolResult[];
    const answers: Message[] = results.length > 0 ? [{ role: 'tool', content: results }] : [];
    const messages = [...this.#before.messages, ...this.#said, ...answers, ...arrived];
    this.#before = { ...joinResults(this.#before, this.#turn.snapshot()), messages, finishReason: undefined };
    this.#turn = newBuilder();
    this.#said = [];
    return arrived.map((message) => ({ type: 'message', message }));
  }
}

function newBuilder(): ResultBuilder {
  return new ResultBuilder(() => new BoundedText(defaults.partial.maxCharacters));
}
