import { assertInInjectionContext, type Signal, untracked } from '@angular/core';
import type { Observable } from 'rxjs';
import * as z from 'zod';
import type { Message, Part, StreamEvent, StreamOptions, StreamRequest } from '../index.ts';
import type { AnswerView } from './answer-view.ts';
import type { ChatMessage } from './chat-message.ts';
import { ChatState } from './chat-state.ts';
import { type ChatStorage, chatStorageSchema } from './chat-storage.ts';
import { keepIn } from './keep-chat.ts';
import { parseAngularOptions } from './parse-options.ts';

/** Options of {@link injectChat}. */
export interface ChatOptions {
  /** What is asked, of the turns so far: the place for the model, a system message, tools, and for leaving out old turns. May read signals. */
  readonly request: (messages: readonly Message[]) => StreamRequest;
  /** Options of each call. Default: none. */
  readonly options?: StreamOptions | undefined;
  /** Where the conversation is kept over a reload of the page. Default: nowhere. */
  readonly storage?: ChatStorage | undefined;
}

/** A conversation as signals. */
export interface Chat {
  /** The turns in order; the last grows while an answer is on its way, at most once a frame. */
  readonly messages: Signal<readonly ChatMessage[]>;
  /** The answer that came last, as `injectAnswer` has it. */
  readonly view: Signal<AnswerView>;
  readonly status: Signal<AnswerView['status']>;
  /** Whether an answer is on its way. */
  readonly running: Signal<boolean>;
  /** Whether `continue` would go on from what is there. */
  readonly canContinue: Signal<boolean>;
  /** Each event of the answer that is on its way, else of the next one; as `injectAnswer` has it. */
  readonly events$: Observable<StreamEvent>;
  /**
   * Says something, and asks for the answer. One that is on its way is stopped, and stays with what it said. Does nothing during server rendering.
   *
   * @throws TypeError for an option that is unknown or out of range.
   */
  send(content: string | readonly Part[], options?: StreamOptions): void;
  /** Ends the answer and keeps its text, as `injectAnswer` does. */
  stop(): Promise<void>;
  /** Asks for the last answer anew, in its place. */
  regenerate(): void;
  /** Goes on where a failed or stopped answer was, in its place. */
  continue(): void;
  /** Ends what runs, forgets all turns, and what was kept of them. */
  clear(): void;
}

const schema = z.strictObject({
  request: z.custom<ChatOptions['request']>((value) => typeof value === 'function', { error: 'must be a function of the messages' }),
  options: z
    .custom<StreamOptions>((value) => typeof value === 'object' && value !== null, { error: 'must be an object of options' })
    .default({}),
  storage: chatStorageSchema.optional(),
});

/**
 * A conversation for a component or a service.
 *
 * With `storage` it is there again when the page is loaded anew, after the first render: an answer that was on its way over a relay goes on from
 * its position, and one that its provider gave up with the page has failed as `interrupted`, to be continued. Storage that is full, switched off
 * or written by somebody else is passed over.
 *
 * @throws Error outside of an injection context, and without `provideSteadyStream`.
 * @throws TypeError for an option that is unknown or wrong; the message names it.
 *
 * @example
 * ```ts
 * readonly chat = injectChat({
 *   request: (messages) => ({ model: 'gpt-4o-mini', messages }),
 *   storage: { key: 'chat' },
 * });
 * ```
 */
export function injectChat(options: ChatOptions): Chat {
  assertInInjectionContext(injectChat);
  const { request, options: common, storage } = parseAngularOptions('injectChat', schema, options);
  return untracked(() => {
    const state = new ChatState(request, common);
    const { answer } = state;
    const ready = storage && !answer.isOnServer ? keepIn(storage, state) : () => undefined;
    const after =
      <T extends unknown[], R>(act: (...values: T) => R) =>
      (...values: T): R => {
        ready();
        return act(...values);
      };
    return {
      messages: state.messages,
      view: answer.view,
      status: answer.status,
      running: answer.running,
      canContinue: answer.canContinue,
      events$: answer.events$,
      send: after((content: string | readonly Part[], own?: StreamOptions) => state.send(content, own)),
      stop: after(() => answer.stop()),
      regenerate: after(() => state.regenerate()),
      continue: after(() => state.continue()),
      clear: after(() => state.clear()),
    };
  });
}
