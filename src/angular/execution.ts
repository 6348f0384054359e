import {
  concat,
  defer,
  filter,
  finalize,
  firstValueFrom,
  from,
  interval,
  lastValueFrom,
  type Observable,
  retry,
  Subject,
  takeUntil,
  timer,
} from 'rxjs';
import {
  accumulate,
  backoff,
  type Checkpoint,
  type Client,
  type StreamEvent,
  type StreamOptions,
  type StreamPosition,
  type StreamRequest,
  type StreamResult,
} from '../index.ts';

/** How long the address of an answer is waited for that was stopped before its server had said it. */
const addressTimeout = 10_000;
/** How often it is looked for. */
const addressInterval = 50;

/** Nothing was said. */
const nothing: StreamResult = {
  text: '',
  reasoning: '',
  toolCalls: [],
  messages: [],
  usage: { inputTokens: 0, outputTokens: 0, totalTokens: 0, estimated: true },
  finishReason: undefined,
};

/** One execution of a request: asked once, however many look. */
export class Execution {
  readonly request: StreamRequest;
  readonly options: StreamOptions;
  /** What is told of it, from the beginning on; ends with it, also when it is stopped. */
  readonly told$ = new Subject<StreamEvent>();
  /** For who comes in the middle: a `snapshot` stands for what was said. */
  readonly events$: Observable<StreamEvent> = defer(() => concat(from(this.#soFar()), this.told$));
  readonly #client: Client;
  readonly #stream$: Observable<StreamEvent>;
  readonly #left$ = new Subject<void>();
  /** Emits when nothing more is read. */
  readonly #ended$ = new Subject<void>();
  readonly #report: (error: unknown) => void;
  #position: (() => StreamPosition) | undefined;
  #start: Extract<StreamEvent, { readonly type: 'start' }> | undefined;
  #result: StreamResult | undefined;
  #isOver = false;
  #isCancelled = false;
  #stopped: Promise<void> | undefined;

  /**
   * @param report Told of a cancellation that failed.
   * @throws TypeError for an option that is wrong.
   */
  constructor(client: Client, request: StreamRequest, options: StreamOptions, report: (error: unknown) => void) {
    this.#client = client;
    this.request = request;
    this.options = options;
    this.#report = report;
    const follow = (position: () => StreamPosition): void => {
      this.#position = position;
      options.follow?.(position);
    };
    this.#stream$ = client.stream(request, { ...options, follow });
    this.told$.pipe(accumulate()).subscribe({ next: (result) => this.#keep(result), error: () => undefined });
  }

  /** Whether nothing more will be told. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Whether its provider was told to end it, so that there is nothing to be resumed. */
  get isCancelled(): boolean {
    return this.#isCancelled;
  }

  /** Whether its provider goes on though nobody reads. */
  get isKept(): boolean {
    return this.#position?.().isKept === true;
  }

  begin(): void {
    if (this.#isOver) return;
    this.#stream$
      .pipe(
        takeUntil(this.#left$),
        finalize(() => this.#ended$.next()),
      )
      .subscribe({
        next: (event) => this.#take(event),
        error: (error) => this.#end(() => this.told$.error(error)),
        complete: () => this.#end(() => this.told$.complete()),
      });
  }

  /** Leaves: nothing more is read. A provider that goes on without readers goes on. */
  leave(): void {
    if (this.#isOver) return;
    this.#end(() => this.told$.complete());
    this.#left$.next();
  }

  /** Ends it for good, at its source; resolves when that is done, whoever asks, and never rejects. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    if (this.#isOver) return;
    const position = this.#position?.();
    const isWhole = this.#result?.finishReason !== undefined;
    this.#isCancelled = position?.isKept === true || position?.cursor !== undefined;
    this.#end(() => this.told$.complete());
    // Its server may be writing already, and says only with its response where: that is waited for, while nothing more is told.
    if (!isWhole && position?.isKept && position.cursor === undefined) await this.#address();
    this.#left$.next();
    if (!isWhole) await this.#cancel(this.#position?.());
  }

  /** Where it can be taken up again; `undefined` where nothing is known. */
  checkpoint(): Checkpoint | undefined {
    const position = this.#position?.();
    const { from } = this.options;
    if (!position?.fingerprint || !this.#start) return from;
    const { requestId } = this.#start;
    const result = this.#result ?? from?.result ?? nothing;
    return { version: 1, requestId, result, ...position, fingerprint: position.fingerprint };
  }

  #keep(result: StreamResult): void {
    this.#result = result;
  }

  #take(event: StreamEvent): void {
    if (this.#isOver) return;
    if (event.type === 'start') this.#start = event;
    this.told$.next(event);
  }

  #end(tell: () => void): void {
    if (this.#isOver) return;
    this.#isOver = true;
    tell();
  }

  async #address(): Promise<void> {
    // The head alone is no event: what comes before content is held back.
    const addressed$ = interval(addressInterval).pipe(
      takeUntil(this.#ended$),
      filter(() => this.#position?.().cursor !== undefined),
      takeUntil(timer(addressTimeout)),
    );
    await firstValueFrom(addressed$, { defaultValue: undefined });
  }

  async #cancel(position: StreamPosition | undefined): Promise<void> {
    if (position?.cursor === undefined) return;
    const cancelling$ = defer(() => this.#client.cancel(position)).pipe(retry(backoff()));
    await lastValueFrom(cancelling$, { defaultValue: undefined }).catch(this.#report);
  }

  #soFar(): StreamEvent[] {
    if (!this.#start) return [];
    return this.#result ? [this.#start, { type: 'snapshot', result: this.#result }] : [this.#start];
  }
}
