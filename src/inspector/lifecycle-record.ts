import type { BreakerState, ErrorCategory, LifecycleEvent } from '../index.ts';

/** A failed attempt, as a record tells it. */
export interface RecordedAttempt {
  readonly attempt: number;
  readonly provider: string;
  readonly model: string;
  readonly category: ErrorCategory;
  readonly delayMs: number;
}

/** An error without what the user or the model said: its message, its facts, its ledger, and what an end user may read. */
export interface RecordedError {
  readonly category: ErrorCategory;
  readonly message: string;
  readonly publicMessage: string;
  readonly retryable: boolean;
  readonly phase?: string | undefined;
  readonly gaveUp?: string | undefined;
  readonly timeout?: string | undefined;
  readonly status?: number | undefined;
  readonly code?: string | undefined;
  readonly providerRequestId?: string | undefined;
  readonly retryAfterMs?: number | undefined;
  readonly attempt?: number | undefined;
  /** The ledger; of a very long one the last 16. */
  readonly attempts?: readonly RecordedAttempt[] | undefined;
  /** The provider's words, redacted; only where content was asked for. */
  readonly detail?: string | undefined;
}

/** The circuit breaker of a model, as it was at one moment. */
export interface BreakerGauge {
  readonly provider: string;
  readonly model: string;
  readonly state: BreakerState;
  readonly failureRatio: number;
  readonly pending: number;
  readonly retryAfterMs?: number | undefined;
}

/** The cooldown of a model, as it was at one moment: how long it lasts, and how many streams wait. */
export interface CooldownGauge {
  readonly provider: string;
  readonly model: string;
  readonly waitMs: number;
  readonly waiting: number;
}

/** The tokens that are left for retries of a provider. */
export interface BudgetGauge {
  readonly provider: string;
  readonly tokens: number;
}

/** What the objects that clients share stood at. */
export interface Gauges {
  readonly type: 'gauges';
  readonly breakers: readonly BreakerGauge[];
  readonly cooldowns: readonly CooldownGauge[];
  readonly budgets: readonly BudgetGauge[];
}

/** So many records were not written, because what they were written to was too slow, or full. */
export interface DroppedRecords {
  readonly type: 'dropped';
  readonly records: number;
}

/** What a record leaves out: what was asked, and what was answered. */
type Content = 'request' | 'from' | 'result' | 'partial';

type Plain<E> = E extends object
  ? {
      [K in keyof E as K extends Content ? (E[K] extends string ? K : never) : K]: K extends 'error'
        ? RecordedError | Extract<E[K], undefined>
        : E[K];
    }
  : never;

/**
 * A lifecycle event as plain data, with the time it happened at: one line of a log.
 *
 * `at` is in milliseconds since 1970. `client` names the client where there are several. `request` (JSON text) and `text` are there only
 * where content was asked for.
 */
export type LifecycleRecord = {
  readonly at: number;
  readonly client?: string | undefined;
  readonly request?: string | undefined;
  readonly text?: string | undefined;
} & (Plain<LifecycleEvent> | Gauges | DroppedRecords);

/** A record of a stream, and not of what streams share. */
export type MomentRecord = Extract<LifecycleRecord, { readonly requestId: string }>;
