import { asyncScheduler, defer, type Observable, type ObservableInput, Subscription, take, throwIfEmpty } from 'rxjs';
import { defaults } from '../core/defaults.ts';
import { ProviderError } from '../core/provider-error.ts';
import { randomId } from '../core/random-id.ts';
import { seededRandom } from '../policies/jitter.ts';
import { type EvidenceVerdict, evidenceSchema, type NodeEvidence, type ResilienceEvidence } from '../policies/resilience-evidence.ts';
import type { RetryBudget } from '../policies/retry-budget.ts';
import { type LearnedEvidence, SharedEvidence } from '../policies/shared-evidence.ts';
import { classify } from './classify-errors.ts';
import { monotonicClock } from './clock.ts';
import type { Cooldowns } from './cooldown.ts';
import type { CircuitBreakers } from './create-circuit-breaker.ts';

/** Where processes meet to tell each other what they have found out. */
export interface EvidenceExchange {
  /**
   * Puts up what a process knows, in place of what it put up before, and gives what the others have put up.
   *
   * @param own All that the process has to tell.
   * @param node The process.
   * @param keepFor For how many milliseconds it is to be kept.
   * @returns A promise, or an Observable, of one value. It must settle: no other round begins before.
   */
  exchange(own: readonly ResilienceEvidence[], node: string, keepFor: number): ObservableInput<readonly NodeEvidence[]>;
  /** Gives back what it holds. */
  close(): Promise<void>;
}

/** What happens to the sharing of evidence. */
export type SharingEvent =
  /** It works: at first, again after `degraded`, and when the number of processes changes. */
  | { readonly type: 'shared'; readonly nodes: number }
  /** It does not work: decisions rest on what this process knows. Told once, until it works again. */
  | { readonly type: 'degraded'; readonly error: ProviderError }
  /** Others have found out something that is acted upon here. */
  | ({ readonly type: 'learned'; readonly nodes: number } & EvidenceVerdict);

interface SharingParts {
  readonly exchange: EvidenceExchange;
  readonly breakers?: CircuitBreakers | undefined;
  readonly cooldowns?: Cooldowns | undefined;
  readonly budget?: RetryBudget | undefined;
  readonly evidence$: Observable<EvidenceVerdict>;
  readonly every: number;
}

/** The rounds of one process: one on its way at a time, one a second, and one at once when there is news. */
export class EvidenceRounds {
  readonly #parts: SharingParts;
  readonly #tell: (event: SharingEvent) => void;
  readonly #node = randomId();
  readonly #now = monotonicClock();
  readonly #liveFor: number;
  readonly #evidence: SharedEvidence;
  readonly #sources = new Subscription();
  #timer: Subscription | undefined;
  #round: Subscription | undefined;
  #begunAt = Number.NEGATIVE_INFINITY;
  #rounds = 0;
  #hasNews = false;
  /** Processes that were told of; 0 while sharing does not work. */
  #nodes = 0;
  #isDegraded = false;

  constructor(parts: SharingParts, tell: (event: SharingEvent) => void) {
    this.#parts = parts;
    this.#tell = tell;
    this.#liveFor = parts.every * defaults.sharing.missedRounds;
    this.#evidence = new SharedEvidence(this.#now, this.#liveFor);
  }

  begin(): void {
    const { breakers, cooldowns, budget, evidence$ } = this.#parts;
    const add = (source: Subscription | undefined) => this.#sources.add(source);
    add(cooldowns?.limits$.subscribe(({ waitMs, ...key }) => this.#note({ kind: 'cooldown', scope: 'provider', ...key, forMs: waitMs })));
    add(
      breakers?.changes$.subscribe(({ provider, model, to, reason, openForMs = 0, retryAfterMs }) => {
        const scope = retryAfterMs === undefined ? 'node' : 'provider';
        if (to === 'closed') this.#evidence.recovered(provider, model);
        // What was tripped from outside is no finding of this process.
        else if (to === 'open' && reason !== 'by-hand') this.#note({ kind: 'failure', scope, provider, model, forMs: openForMs });
      }),
    );
    add(budget?.moves$.subscribe((move) => this.#evidence.spend(move)));
    add(
      evidence$.subscribe({
        next: (told) => {
          const { data } = evidenceSchema.safeParse(told);
          if (!data || data.kind === 'spent') return;
          this.#note(data);
          this.#act(data);
        },
        // What came before still holds.
        error: () => {},
      }),
    );
    this.#roundIn(0);
  }

  end(): void {
    this.#sources.unsubscribe();
    this.#timer?.unsubscribe();
    this.#round?.unsubscribe();
  }

  #note(verdict: EvidenceVerdict): void {
    if (!this.#evidence.note(verdict) || this.#isDegraded) return;
    if (this.#round) this.#hasNews = true;
    else this.#roundIn(this.#gap());
  }

  /** What is left of the least time between two rounds. */
  #gap(): number {
    return Math.max(0, this.#begunAt + defaults.sharing.minGap - this.#now());
  }

  #roundIn(delay: number): void {
    this.#timer?.unsubscribe();
    this.#timer = this.#sources.closed ? undefined : asyncScheduler.schedule(() => this.#begin(), delay);
  }

  #begin(): void {
    const { exchange } = this.#parts;
    this.#begunAt = this.#now();
    this.#hasNews = false;
    this.#rounds++;
    const own = this.#evidence.tell();
    const keepFor = Math.ceil(Math.max(this.#liveFor, ...own.map((each) => (each.kind === 'spent' ? 0 : each.forMs))));
    const round = new Subscription();
    this.#round = round;
    round.add(asyncScheduler.schedule(() => this.#degrade(silence()), this.#liveFor));
    const end = (conclude: () => void) => {
      round.unsubscribe();
      this.#round = undefined;
      conclude();
      const isUrgent = this.#hasNews && !this.#isDegraded;
      const jitter = 0.75 + seededRandom(`${this.#node}:${this.#rounds}`) / 2;
      this.#roundIn(isUrgent ? this.#gap() : Math.max(this.#gap(), this.#parts.every * jitter));
    };
    round.add(
      defer(() => exchange.exchange(own, this.#node, keepFor))
        .pipe(take(1), throwIfEmpty())
        .subscribe({
          next: (reports) => end(() => this.#learn(reports)),
          error: (error) => end(() => this.#degrade(classify(error))),
        }),
    );
  }

  #learn(reports: readonly NodeEvidence[]): void {
    let learned: readonly LearnedEvidence[];
    try {
      learned = this.#evidence.learn(reports.filter(({ node }) => node !== this.#node));
    } catch (error) {
      this.#degrade(classify(error));
      return;
    }
    this.#isDegraded = false;
    const { nodes } = this.#evidence;
    if (this.#nodes !== nodes) this.#tell({ type: 'shared', nodes });
    this.#nodes = nodes;
    for (const each of learned) {
      if (each.kind === 'spent') this.#parts.budget?.spend(each, each.tokens);
      else if (this.#act(each)) this.#tell({ type: 'learned', ...each });
    }
  }

  /** @returns Whether there is something to act upon. */
  #act({ kind, provider, model, forMs }: EvidenceVerdict): boolean {
    const { breakers, cooldowns } = this.#parts;
    if (kind === 'failure') breakers?.get(provider, model).trip(forMs);
    else cooldowns?.get(provider, model).hold(forMs);
    return (kind === 'failure' ? breakers : cooldowns) !== undefined;
  }

  #degrade(error: ProviderError): void {
    if (this.#isDegraded) return;
    this.#isDegraded = true;
    this.#nodes = 0;
    this.#tell({ type: 'degraded', error });
  }
}

function silence(): ProviderError {
  return new ProviderError({ category: 'timeout', phase: 'local', reason: 'the exchange of evidence did not answer in time' });
}
