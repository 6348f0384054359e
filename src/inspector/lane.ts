import type { BreakerReason, BreakerState, ErrorCategory, FinishReason, Usage } from '../index.ts';
import type { BudgetGauge, CooldownGauge, RecordedError } from './lifecycle-record.ts';

/** How a stream ended, or that it has not. */
export type LaneOutcome = 'running' | 'ok' | 'failed' | 'cancelled';

/** One request of a stream. Times are milliseconds since 1970. */
export interface LaneAttempt {
  /** From 1. */
  readonly number: number;
  readonly provider: string;
  readonly model: string;
  readonly startedAt: number;
  readonly headersAt?: number | undefined;
  /** When its first content came. */
  readonly contentAt?: number | undefined;
  readonly endedAt?: number | undefined;
  readonly end?: 'finish' | 'error' | 'cancel' | undefined;
  readonly status?: number | undefined;
  readonly providerRequestId?: string | undefined;
  readonly error?: RecordedError | undefined;
}

/** A stream waits: before a retry, for its turn, or before it is taken up again. */
export interface LaneWait {
  readonly kind: 'retry' | 'cooldown' | 'recovery';
  readonly from: number;
  /** When the wait should be over. */
  readonly until: number;
  /** When it was. */
  readonly endedAt?: number | undefined;
  readonly category?: ErrorCategory | undefined;
}

/** Something that happened at a moment: a refusal of a breaker or a limit, another target, an answer that goes on or begins anew. */
export interface LaneMark {
  readonly at: number;
  readonly type: 'refused' | 'fallback' | 'recovery' | 'seam' | 'restart' | 'usage';
  readonly label: string;
}

/** One stream: its attempts and its waits, over time. */
export interface Lane {
  readonly key: string;
  readonly client: string;
  readonly requestId: string;
  /** Who is asked now, or was last. */
  readonly provider: string;
  readonly model: string;
  readonly startedAt: number;
  readonly endedAt?: number | undefined;
  readonly outcome: LaneOutcome;
  readonly attempts: readonly LaneAttempt[];
  readonly waits: readonly LaneWait[];
  readonly marks: readonly LaneMark[];
  readonly retries: number;
  /** What is shown no more of a lane that went on for very long. */
  readonly dropped: number;
  readonly firstContentAt?: number | undefined;
  readonly finishReason?: FinishReason | undefined;
  readonly usage?: Usage | undefined;
  readonly error?: RecordedError | undefined;
  /** As JSON text; only where content is shown. */
  readonly request?: string | undefined;
  /** The answer; only where content is shown. */
  readonly text?: string | undefined;
}

/** A circuit breaker, and since when it is as it is. */
export interface BreakerView {
  readonly client: string;
  readonly provider: string;
  readonly model: string;
  readonly state: BreakerState;
  readonly since: number;
  readonly reason?: BreakerReason | undefined;
  /** When a probe may pass, while it is open. */
  readonly openUntil?: number | undefined;
  readonly failureRatio?: number | undefined;
  readonly openings: number;
}

/** A point of the plots. */
export interface LaneSample {
  readonly at: number;
  readonly firstContentMs?: number | undefined;
  readonly tokensPerSecond?: number | undefined;
}

/** How many streams there were, and how they ended. */
export interface LaneTotals {
  readonly started: number;
  readonly running: number;
  readonly ok: number;
  readonly failed: number;
  readonly cancelled: number;
  /** Streams that were tried again at least once. */
  readonly retried: number;
  /** Streams that were let go of while they ran, because there were too many. */
  readonly forgotten: number;
}

/** How much is kept. */
export interface LaneLimits {
  /** Streams. Default: 1,000. */
  readonly maxLanes: number;
  /** Attempts, waits and marks of a stream, each. Default: 32. */
  readonly maxMarks: number;
  /** Points of the plots, and breakers. Default: 1,000. */
  readonly maxSamples: number;
}

/** What is shown: streams as lanes, and what they share. Plain data. */
export interface Lanes {
  readonly limits: LaneLimits;
  /** By key, in the order in which they began. */
  readonly lanes: ReadonlyMap<string, Lane>;
  readonly breakers: ReadonlyMap<string, BreakerView>;
  readonly cooldowns: readonly CooldownGauge[];
  readonly budgets: readonly (BudgetGauge & { readonly most: number })[];
  readonly gaugedAt: number;
  readonly samples: readonly LaneSample[];
  readonly totals: LaneTotals;
  /** The time of the latest record. */
  readonly at: number;
}
