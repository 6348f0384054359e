import { computed, DestroyRef, ErrorHandler, inject, NgZone, PLATFORM_ID, type Signal, signal, untracked } from '@angular/core';
import { defer, map, NEVER, Observable, Subject, Subscription, switchMap, take, tap } from 'rxjs';
import { type Checkpoint, type StreamEvent, type StreamOptions, type StreamRequest, viewState } from '../index.ts';
import { type AnswerView, idleView, isBroken, isRunning, showsTheSame } from './answer-view.ts';
import { Execution } from './execution.ts';
import { injectSteadyStream } from './provide-steady-stream.ts';
import { outsideReactiveContext } from './reactive-context.ts';

/** What was asked last, and where it can be taken up again. */
export interface Asked {
  readonly request: StreamRequest;
  readonly options: StreamOptions;
  readonly checkpoint?: Checkpoint | undefined;
  /** Whether it is written on though nobody reads. */
  readonly isKept?: boolean | undefined;
}

/** The answers that one place of a page shows, one after another, as signals. Made where `inject()` may be called, and ends with that place. */
export class AnswerState {
  readonly view: Signal<AnswerView>;
  readonly text: Signal<string>;
  readonly status: Signal<AnswerView['status']>;
  readonly running: Signal<boolean>;
  readonly canContinue: Signal<boolean>;
  readonly events$: Observable<StreamEvent>;
  readonly isOnServer = inject(PLATFORM_ID) === 'server';
  readonly #client = injectSteadyStream();
  readonly #zone = inject(NgZone);
  readonly #errors = inject(ErrorHandler);
  readonly #view = signal<AnswerView>(idleView, { equal: showsTheSame });
  readonly #began$ = new Subject<Execution>();
  #execution: Execution | undefined;
  #asked: Asked | undefined;
  #viewing = new Subscription();
  #isDestroyed = false;

  constructor() {
    this.view = this.#view.asReadonly();
    this.text = computed(() => this.#view().text);
    this.status = computed(() => this.#view().status);
    this.running = computed(() => isRunning(this.#view()));
    this.canContinue = computed(() => isBroken(this.#view()) && canGoOn(this.#place()));
    this.events$ = this.#inZoneOfSubscriber(defer(() => this.#current()));
    inject(DestroyRef).onDestroy(() => untracked(() => this.#destroy()));
  }

  /** @throws TypeError for an option that is wrong; what runs goes on then. */
  ask(request: StreamRequest, options: StreamOptions = {}): void {
    // On the server nobody is there to read, and the page asks again in the browser.
    if (this.isOnServer || this.#isDestroyed) return;
    const execution = untracked(() => new Execution(this.#client, request, options, (error) => this.#errors.handleError(error)));
    outsideReactiveContext(this.#errors, () => this.#begin(execution));
  }

  stop(): Promise<void> {
    return new Promise((resolve) => outsideReactiveContext(this.#errors, () => resolve(this.#end(this.#execution))));
  }

  /** @param own Options of this call alone. */
  regenerate(own?: StreamOptions): void {
    if (!this.#asked) return;
    // With its key a relay would give the same answer once more.
    const { from: _, idempotencyKey: __, ...options } = this.#asked.options;
    this.ask(this.#asked.request, { ...options, ...own });
  }

  /** @param own Options of this call alone. */
  continue(own?: StreamOptions): void {
    if (!this.#asked || !isBroken(untracked(this.view))) return;
    const from = this.#place();
    const { request } = this.#asked;
    const { idempotencyKey: _, ...options } = this.#asked.options;
    if (from && canGoOn(from)) this.goOn(request, { ...options, ...own }, from);
    else if (untracked(this.view).status === 'failed' && !from?.result.toolCalls.length) this.regenerate(own);
  }

  /** Asks for what follows a place: resumed, else continued from its text. */
  goOn(request: StreamRequest, options: StreamOptions, from: Checkpoint): void {
    this.ask(request, { ...options, recovery: options.recovery ?? ['resume', 'continue'], from });
  }

  clear(): void {
    outsideReactiveContext(this.#errors, () => {
      this.#viewing.unsubscribe();
      void this.#end(this.#execution);
      this.#execution = undefined;
      this.#asked = undefined;
      this.#view.set(idleView);
    });
  }

  /**
   * Shows what was kept of an answer that is not running.
   *
   * @throws TypeError for what could not be gone on with.
   */
  restore(asked: Asked, view: AnswerView): void {
    const { request, options, checkpoint: from } = asked;
    // It is looked at, and nothing is asked before somebody subscribes.
    untracked(() => this.#client.stream(request, { ...options, from }));
    this.#asked = asked;
    this.#view.set(view);
  }

  /** What was asked last, as it can be kept: with the place that it has come to. */
  snapshot(): Asked | undefined {
    if (!this.#asked) return undefined;
    const isKept = this.#execution && !this.#execution.isCancelled ? this.#execution.isKept : false;
    return { ...this.#asked, checkpoint: untracked(() => this.#place()), isKept };
  }

  #begin(execution: Execution): void {
    if (this.#isDestroyed) return;
    const replaced = this.#execution;
    this.#execution = execution;
    this.#asked = { request: execution.request, options: execution.options };
    this.#viewing.unsubscribe();
    void this.#end(replaced);
    // Whatever comes from the network changes the page by signals alone, at most once a frame: zone.js need not look at each chunk.
    this.#zone.runOutsideAngular(() => {
      this.#viewing = viewOf(execution).subscribe((view) => this.#view.set(view));
      this.#began$.next(execution);
      execution.begin();
    });
  }

  #end(execution: Execution | undefined): Promise<void> | undefined {
    return this.#zone.runOutsideAngular(() => execution?.stop());
  }

  /** Where the last answer can be taken up again. What was ended for good, or is refused for good, cannot be resumed there. */
  #place(): Checkpoint | undefined {
    const { error } = this.#view();
    const place = error?.checkpoint ?? this.#execution?.checkpoint() ?? this.#asked?.checkpoint;
    // Who logs in again finds it where it was.
    const isRefused = error?.retryable === false && error.category !== 'authentication';
    const isGone = this.#execution?.isCancelled || isRefused;
    if (!place || !isGone) return place;
    const { cursor: _, ...rest } = place;
    return rest;
  }

  #current(): Observable<StreamEvent> {
    if (this.#isDestroyed) return NEVER;
    if (this.#execution && !this.#execution.isOver) return this.#execution.events$;
    return this.#began$.pipe(
      take(1),
      switchMap((execution) => execution.events$),
    );
  }

  /** Who subscribes inside of Angular's zone hears there, so that zone.js notices what the subscriber changes. */
  #inZoneOfSubscriber(events$: Observable<StreamEvent>): Observable<StreamEvent> {
    return new Observable((subscriber) => {
      if (!NgZone.isInAngularZone()) return events$.subscribe(subscriber);
      const inside = (tell: () => void): void => this.#zone.run(tell);
      return events$.subscribe({
        next: (event) => inside(() => subscriber.next(event)),
        error: (error) => inside(() => subscriber.error(error)),
        complete: () => inside(() => subscriber.complete()),
      });
    });
  }

  #destroy(): void {
    this.#isDestroyed = true;
    this.#viewing.unsubscribe();
    this.#execution?.leave();
    this.#began$.complete();
  }
}

/** Whether an answer can go on from here: a tool that was called is not called again, and a thought that was cut is lost. */
function canGoOn(place: Checkpoint | undefined): boolean {
  if (!place) return false;
  const { cursor, endsInText, result } = place;
  if (cursor !== undefined) return true;
  return endsInText !== false && result.text.trim() !== '' && result.toolCalls.length === 0 && !result.truncated;
}

/** An execution as views. One that goes on shows what was there until its first event. */
function viewOf({ told$, options: { from } }: Execution): Observable<AnswerView> {
  return defer(() => {
    let shown: Partial<AnswerView> = from
      ? { text: from.result.text, reasoning: from.result.reasoning, toolCalls: from.result.toolCalls }
      : {};
    const look = (event: StreamEvent): void => {
      if (event.type === 'start' || event.type === 'restart' || event.type === 'seam') {
        const { provider, model } = event;
        shown = { provider, model };
      }
    };
    return told$.pipe(
      tap(look),
      viewState(),
      map((view) => ({ ...view, ...shown }) as AnswerView),
    );
  });
}
