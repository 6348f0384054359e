import { computed, ErrorHandler, inject, type Signal, signal, untracked } from '@angular/core';
import { errorCategories, type Message, type Part, ProviderError, type StreamOptions, type StreamRequest } from '../index.ts';
import { AnswerState } from './answer-state.ts';
import { type AnswerView, isRunning } from './answer-view.ts';
import { answerMessage, type ChatMessage, userMessage } from './chat-message.ts';
import type { KeptAnswer, KeptChat } from './chat-storage.ts';
import { newId } from './new-id.ts';
import { outsideReactiveContext } from './reactive-context.ts';

/** A conversation: the turns that are over, and the answer that came last, which may be on its way. */
export class ChatState {
  readonly answer = new AnswerState();
  readonly messages: Signal<readonly ChatMessage[]>;
  readonly #errors = inject(ErrorHandler);
  readonly #past = signal<readonly ChatMessage[]>([]);
  /** The id of the turn that shows the answer. */
  readonly #answerId = signal<string | undefined>(undefined);
  readonly #request: (messages: readonly Message[]) => StreamRequest;
  readonly #options: StreamOptions;

  constructor(request: (messages: readonly Message[]) => StreamRequest, options: StreamOptions) {
    this.#request = request;
    this.#options = options;
    this.messages = computed(() => {
      const id = this.#answerId();
      return id === undefined ? this.#past() : [...this.#past(), answerMessage(id, this.answer.view())];
    });
  }

  send(said: string | readonly Part[], options?: StreamOptions): void {
    const turn = userMessage(newId(), said);
    outsideReactiveContext(this.#errors, () => this.#ask([...this.#ended(), turn], newId(), options));
  }

  regenerate(): void {
    outsideReactiveContext(this.#errors, () => {
      const turns = this.#ended();
      const last = turns.at(-1);
      const before = last?.role === 'assistant' ? turns.slice(0, -1) : turns;
      if (before.at(-1)?.role === 'user') this.#ask(before, last?.role === 'assistant' ? last.id : newId());
    });
  }

  continue(): void {
    this.answer.continue({ idempotencyKey: newId() });
  }

  clear(): void {
    outsideReactiveContext(this.#errors, () => {
      this.#past.set([]);
      this.#answerId.set(undefined);
      this.answer.clear();
    });
  }

  /** All there is, as it can be kept. */
  snapshot(): KeptChat {
    return untracked(() => {
      const asked = this.answer.snapshot();
      const id = this.#answerId();
      if (id === undefined || !asked || this.answer.status() === 'done') return { messages: this.messages() };
      const { request, options, checkpoint, isKept } = asked;
      const message = answerMessage(id, this.answer.view());
      return { messages: this.#past(), answer: { message, request, idempotencyKey: options.idempotencyKey, isKept, checkpoint } };
    });
  }

  /** Shows what was kept. An answer that was on its way goes on, if somebody is still writing it. */
  restore({ messages, answer }: KeptChat): void {
    this.#past.set(messages.map(interrupted));
    if (!answer) return;
    this.#answerId.set(answer.message.id);
    try {
      const { message, request, checkpoint, idempotencyKey } = answer;
      const wasRunning = isRunning(message);
      // Its server may have been asked, and not have answered: asked the same once more, it gives what it has.
      const isAsked = wasRunning && answer.isKept && idempotencyKey && (message.status !== 'streaming' || !checkpoint);
      if (wasRunning && checkpoint?.cursor !== undefined) this.answer.ask(request, { ...this.#options, idempotencyKey, from: checkpoint });
      else if (isAsked && checkpoint) this.answer.goOn(request, { ...this.#options, idempotencyKey }, checkpoint);
      else if (isAsked) this.answer.ask(request, { ...this.#options, idempotencyKey });
      else this.answer.restore({ request, options: this.#options, checkpoint }, brokenView(answer));
    } catch {
      // What was kept is of another version, or of somebody else.
      this.answer.restore({ request: answer.request, options: this.#options }, brokenView({ ...answer, checkpoint: undefined }));
    }
  }

  #ask(turns: readonly ChatMessage[], id: string, options?: StreamOptions): void {
    if (this.answer.isOnServer) return;
    // Of a conversation of which only the end was kept, an answer comes first; models want to be asked something.
    const asked = turns.slice(turns.findIndex(({ role }) => role === 'user'));
    const request = this.#request(asked.flatMap(({ messages }) => messages));
    this.answer.ask(request, { ...this.#options, idempotencyKey: newId(), ...options });
    this.#past.set(turns);
    this.#answerId.set(id);
  }

  /** The turns as they are when something else is asked: what was on its way is stopped by it. */
  #ended(): readonly ChatMessage[] {
    return untracked(this.messages).map((turn) => (isRunning(turn) ? { ...turn, status: 'stopped' } : turn));
  }
}

/** An answer that ended before it was whole, as it was shown; one that was on its way when its page went away is interrupted. */
function brokenView({ message, checkpoint }: KeptAnswer): AnswerView {
  const { status, error } = message;
  // The place may be a frame further than what was shown.
  const { text, reasoning, toolCalls } = checkpoint?.result ?? message;
  const shown = { text, reasoning, toolCalls, attempt: 1 };
  if (status === 'stopped') return { ...shown, status: 'stopped' };
  const known = error && Object.hasOwn(errorCategories, error.category) ? error : undefined;
  const failure = new ProviderError({ category: 'interrupted', phase: 'streaming', ...known, partial: checkpoint?.result, checkpoint });
  return { ...shown, status: 'failed', error: failure };
}

/** A turn that is over. One that was on its way when its page went away, and too long to be gone on with, is interrupted. */
function interrupted(turn: ChatMessage): ChatMessage {
  if (!isRunning(turn)) return turn;
  return { ...turn, status: 'failed', error: new ProviderError({ category: 'interrupted', phase: 'streaming' }).toPublic() };
}
