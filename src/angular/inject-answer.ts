import {
  afterNextRender,
  assertInInjectionContext,
  computed,
  DestroyRef,
  EnvironmentInjector,
  effect,
  inject,
  type Signal,
  untracked,
} from '@angular/core';
import type { Observable } from 'rxjs';
import * as z from 'zod';
import type { StreamEvent, StreamOptions, StreamRequest } from '../index.ts';
import { AnswerState } from './answer-state.ts';
import type { AnswerView } from './answer-view.ts';
import { parseAngularOptions } from './parse-options.ts';
import { isSameData } from './same-data.ts';

/** Options of {@link injectAnswer}. */
export interface AnswerOptions {
  /**
   * What is asked, as a function of signals: again whenever it says something else, and nothing where it is `undefined`. It is called after the
   * first render, in the browser alone. Default: nothing is asked before `send`.
   */
  readonly request?: (() => StreamRequest | undefined) | undefined;
  /** Options of each call; those that `send` is given count more. Default: none. */
  readonly options?: StreamOptions | undefined;
}

/** One answer at a time, as signals and as Observables. */
export interface Answer {
  /** All that there is to show, at most once a frame. It is never an error: the text so far outlives a failure. */
  readonly view: Signal<AnswerView>;
  /** Of the view: the text so far. */
  readonly text: Signal<string>;
  /** Of the view: how the answer stands. */
  readonly status: Signal<AnswerView['status']>;
  /** Whether an answer is on its way. */
  readonly running: Signal<boolean>;
  /** Whether `continue` would go on from what is there. */
  readonly canContinue: Signal<boolean>;
  /**
   * Each event of the execution that runs, else of the next one; subscribing asks nothing. Who comes in the middle is given `start`, and a
   * `snapshot` for what was said. Completes with the execution, also where it is stopped or replaced, and fails with its {@link ProviderError}.
   * `repeat()` and `retry()` go on with the next one.
   */
  readonly events$: Observable<StreamEvent>;
  /**
   * Asks. What runs is stopped: at most one answer is on its way. Does nothing during server rendering.
   *
   * @throws TypeError for an option that is unknown or out of range.
   */
  send(request: StreamRequest, options?: StreamOptions): void;
  /**
   * Ends the answer and keeps its text. The request is aborted; over a relay the generation is ended at its source, also where its server has
   * not answered yet. Resolves once it has been, and never rejects: what fails is told Angular's `ErrorHandler`.
   */
  stop(): Promise<void>;
  /** Asks the same request once more, from the beginning. */
  regenerate(): void;
  /** Goes on where a failed or stopped answer was: resumed, else continued from its text. One that failed before any text is asked again. */
  continue(): void;
  /** Ends what runs, and shows nothing. */
  clear(): void;
}

const schema = z.strictObject({
  request: z.custom<AnswerOptions['request']>((value) => typeof value === 'function', { error: 'must be a function' }).optional(),
  options: z
    .custom<StreamOptions>((value) => typeof value === 'object' && value !== null, { error: 'must be an object of options' })
    .default({}),
});

/**
 * An answer for a component or a service: asked once, read by as many as like, and ended with the place that made it.
 *
 * Nothing is asked before `send` is called, or with `request` before the first render in the browser. When its component is destroyed the request
 * is aborted; over a relay the answer goes on, and only its reader leaves. Works with and without zone.js.
 *
 * @throws Error outside of an injection context, and without `provideSteadyStream`.
 * @throws TypeError for an option that is unknown or wrong; the message names it.
 *
 * @example
 * ```ts
 * @Component({ selector: 'app-ask', template: `<p>{{ answer.text() }}</p><button (click)="ask()">Ask</button>` })
 * export class Ask {
 *   readonly answer = injectAnswer();
 *   ask() {
 *     this.answer.send({ model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Hello' }] });
 *   }
 * }
 * ```
 */
export function injectAnswer(options: AnswerOptions = {}): Answer {
  assertInInjectionContext(injectAnswer);
  const { request, options: common } = parseAngularOptions('injectAnswer', schema, options);
  return untracked(() => {
    const state = new AnswerState();
    const ask = (asked: StreamRequest, own?: StreamOptions): void => state.ask(asked, { ...common, ...own });
    if (request) whenRendered(request, (asked) => (asked ? ask(asked) : state.clear()));
    return {
      view: state.view,
      text: state.text,
      status: state.status,
      running: state.running,
      canContinue: state.canContinue,
      events$: state.events$,
      send: ask,
      stop: () => state.stop(),
      regenerate: () => state.regenerate(),
      continue: () => state.continue(),
      clear: () => state.clear(),
    };
  });
}

/** Tells what is asked, from the first render on, as often as it changes. */
function whenRendered(request: () => StreamRequest | undefined, tell: (request: StreamRequest | undefined) => void): void {
  const destroyRef = inject(DestroyRef);
  // An effect of the application and not of the view: an answer may be made while its view is rendered.
  const injector = inject(EnvironmentInjector);
  const asked = computed(request, { equal: isSameData });
  let isFirst = true;
  afterNextRender(() => {
    const asking = effect(
      () => {
        const now = asked();
        if (now || !isFirst) untracked(() => tell(now));
        isFirst = false;
      },
      { injector, manualCleanup: true },
    );
    destroyRef.onDestroy(() => asking.destroy());
  });
}
