import type { Checkpoint } from './checkpoint.ts';
import { type ErrorCategory, errorCategories } from './error-category.ts';
import { maxDetailLength, sanitize } from './sanitize.ts';
import type { StreamResult, Usage } from './stream-result.ts';

/** Where a stream was when it failed. `local` failed on this side, before or without a request. */
export type ErrorPhase = 'connect' | 'first-content' | 'streaming' | 'local';

/** The deadlines of a stream, by name. */
export type TimeoutName = 'headers' | 'first-content' | 'idle' | 'total';

/** Why no further attempt was made. */
export type GaveUp = 'not-retryable' | 'attempts' | 'budget' | 'deadline' | 'retry-after' | 'content-delivered';

/** One failed attempt in an error's ledger. */
export interface Attempt {
  /** From 1. */
  readonly attempt: number;
  readonly provider: string;
  readonly model: string;
  readonly category: ErrorCategory;
  /** The wait before the next attempt; 0 after the last. */
  readonly delayMs: number;
  /** What it cost; not set where nothing was charged. */
  readonly usage?: Usage | undefined;
}

/** What an end user may read of a failure. */
export interface PublicError {
  readonly message: string;
  readonly category: ErrorCategory;
  readonly requestId: string;
  readonly retryable: boolean;
  readonly retryAfterMs?: number | undefined;
}

type Optional<T> = { readonly [K in keyof T]?: T[K] | undefined };

/** What a {@link ProviderError} can say of a failure; all but the category may be unknown. */
export interface ErrorInit
  extends Optional<{
    /** Default: as the category's row in {@link errorCategories} says. */
    retryable: boolean;
    gaveUp: GaveUp;
    phase: ErrorPhase;
    timeout: TimeoutName;
    provider: string;
    model: string;
    status: number;
    code: string;
    detail: string;
    /** The library's own words on what happened, for the message. Holds nothing of the provider's or the user's text. */
    reason: string;
    requestId: string;
    providerRequestId: string;
    retryAfterMs: number;
    attempt: number;
    attempts: readonly Attempt[];
    /** A function is asked when somebody looks. */
    partial: StreamResult | (() => StreamResult | undefined);
    /** A function is asked when somebody looks. */
    checkpoint: Checkpoint | (() => Checkpoint | undefined);
    cause: unknown;
  }> {
  readonly category: ErrorCategory;
}

const brand = Symbol.for('steadystream.ProviderError');
const inspect = Symbol.for('nodejs.util.inspect.custom');

/**
 * Every failure of a stream: what happened, whether a new request may succeed, and why no other was made.
 *
 * `message`, `toJSON()` and the inspected form hold no secret and no control character. `partial`, `checkpoint` and `cause` are
 * not enumerable, so that logging an error never prints what a user said.
 *
 * @example
 * ```ts
 * client.stream(request).subscribe({
 *   error: (error: ProviderError) => {
 *     console.error(error.message); // acme small-1: rate-limit (HTTP 429) after 3 attempts, retry in 12 s [req_…]
 *     show(error.toPublic().message, error.partial?.text);
 *   },
 * });
 * ```
 */
export class ProviderError extends Error {
  declare readonly name: 'ProviderError';
  /** What happened. */
  readonly category: ErrorCategory;
  /** May a new request succeed? Unchanged by commit or exhaustion: see `gaveUp`. */
  readonly retryable: boolean;
  /** Why we stopped, where a retry was considered. */
  readonly gaveUp: GaveUp | undefined;
  readonly phase: ErrorPhase;
  /** Which deadline passed, when `category` is `timeout`. */
  readonly timeout: TimeoutName | undefined;
  readonly provider: string | undefined;
  readonly model: string | undefined;
  /** The HTTP status, when it says something about the failure. */
  readonly status: number | undefined;
  /** The provider's code, or the network's (`ECONNRESET`). */
  readonly code: string | undefined;
  /** The provider's words: redacted, escaped, bounded. Not for end users. */
  readonly detail: string | undefined;
  /** The library's own words on what happened; part of `message`. */
  readonly reason: string | undefined;
  /** The one id of the subscription; empty while nobody has said it. */
  readonly requestId: string;
  readonly providerRequestId: string | undefined;
  /** How long the provider asked to wait. */
  readonly retryAfterMs: number | undefined;
  /** Which attempt failed, from 1; `undefined` where none had begun. */
  readonly attempt: number | undefined;
  /** Every failed attempt, in order. */
  readonly attempts: readonly Attempt[];
  /** What was delivered before the failure. */
  declare readonly partial: StreamResult | undefined;
  /** Where the stream can be taken up again. */
  declare readonly checkpoint: Checkpoint | undefined;
  /** The failure as it was thrown; raw, never serialized. */
  declare readonly cause: unknown;

  constructor(init: ErrorInit) {
    super();
    hide(this, 'name', 'ProviderError');
    this.category = init.category;
    this.retryable = init.retryable ?? errorCategories[init.category].retryable;
    this.gaveUp = init.gaveUp;
    this.phase = init.phase ?? 'connect';
    this.timeout = init.timeout;
    this.provider = bounded('provider', init.provider);
    this.model = bounded('model', init.model);
    this.status = init.status;
    this.code = bounded('code', init.code);
    this.detail = bounded('detail', init.detail);
    this.reason = bounded('reason', init.reason);
    this.requestId = bounded('requestId', init.requestId) ?? '';
    this.providerRequestId = bounded('providerRequestId', init.providerRequestId);
    this.retryAfterMs = bounded('retryAfterMs', init.retryAfterMs);
    this.attempt = init.attempt;
    this.attempts = init.attempts ?? [];
    hide(this, 'cause', init.cause);
    setLazily(this, 'partial', init.partial);
    setLazily(this, 'checkpoint', init.checkpoint);
    Object.defineProperty(this, brand, { value: true });
    refreshMessage(this);
  }

  /** What an end user may read: a sentence of ours, never the provider's words. */
  toPublic(): PublicError {
    const { category, requestId, retryable, retryAfterMs } = this;
    const message = errorCategories[category].publicMessage;
    return retryAfterMs === undefined
      ? { message, category, requestId, retryable }
      : { message, category, requestId, retryable, retryAfterMs };
  }

  /** Everything but the partial answer, the checkpoint and the cause. */
  toJSON(): object {
    return Object.assign({ name: this.name, message: this.message }, this);
  }

  /** @internal What Node prints of it: nothing that a user said. */
  [inspect](_depth: number, options: object, print?: (value: unknown, options: object) => string): string {
    const known = Object.fromEntries(Object.entries(this).filter(([, value]) => value !== undefined));
    return `${this.stack} ${print ? print(known, options) : JSON.stringify(known)}`;
  }
}

/** Whether a value is a {@link ProviderError}, also one made by another copy of this library. */
export function isProviderError(value: unknown): value is ProviderError {
  return typeof value === 'object' && value !== null && brand in value;
}

/**
 * Fills in what an error does not say yet, and returns it.
 *
 * An error that belongs to another request, or is frozen, is left as it is: a new one takes its place, with the first as its `cause`.
 */
export function completeError(error: ProviderError, facts: Partial<ErrorInit>): ProviderError {
  const isForeign = facts.requestId && error.requestId && error.requestId !== facts.requestId;
  if (isForeign || !Object.isExtensible(error)) {
    const { name: _name, message: _message, ...init } = error.toJSON() as unknown as ErrorInit & Error;
    const requestId = isForeign ? facts.requestId : error.requestId;
    return completeError(new ProviderError({ ...init, requestId, attempts: [], cause: error }), facts);
  }
  const fields = error as unknown as Record<string, unknown>;
  for (const [field, value] of Object.entries(facts)) {
    if (value === undefined) continue;
    if (field === 'partial' || field === 'checkpoint') {
      if (error[field] === undefined) setLazily(error, field, facts[field]);
    } else if (field === 'phase') {
      hide(error, field, laterPhase(error.phase, facts.phase), false);
    } else if (fields[field] === undefined || fields[field] === '' || field === 'attempts' || fields[field] === 'content-delivered') {
      hide(error, field, bounded(field, value), hidden.has(field));
    }
  }
  refreshMessage(error);
  return error;
}

const hidden = new Set(['cause']);

const phases: readonly (ErrorPhase | undefined)[] = ['connect', 'first-content', 'streaming', 'local'];

/** An error that was made where the phase was not known says `connect`: who knows better may only say that it came further. */
function laterPhase(known: ErrorPhase, told: ErrorPhase | undefined): ErrorPhase {
  return told !== undefined && phases.indexOf(told) > phases.indexOf(known) ? told : known;
}

function hide(error: ProviderError, field: string, value: unknown, isHidden = true): void {
  Object.defineProperty(error, field, { value, enumerable: !isHidden, configurable: true, writable: true });
}

function setLazily<F extends 'partial' | 'checkpoint'>(error: ProviderError, field: F, value: ErrorInit[F]): void {
  if (typeof value !== 'function') {
    hide(error, field, value);
    return;
  }
  // Joined when somebody asks, and then kept.
  const get = () => {
    const result = value();
    hide(error, field, result);
    return result;
  };
  Object.defineProperty(error, field, { get, enumerable: false, configurable: true });
}

/** A fact as it may stand on an error: text sanitized and bounded, numbers such that JSON can hold them. */
function bounded<T>(field: string, value: T): T {
  if (typeof value === 'string') return sanitize(value, [], field === 'detail' ? maxDetailLength : 200) as T;
  return typeof value === 'number' ? (Math.min(value, Number.MAX_SAFE_INTEGER) as T) : value;
}

function describe(error: ProviderError): string {
  const { status, timeout, attempts, retryAfterMs, requestId, reason } = error;
  const subject = [error.provider ?? 'steadystream', error.model].filter(Boolean).join(' ');
  const facts = [timeout, status === undefined ? '' : `HTTP ${status}`].filter(Boolean).join(', ');
  return [
    `${subject}: ${error.category}`,
    facts && ` (${facts})`,
    reason && `: ${reason}`,
    attempts.length > 1 ? ` after ${attempts.length} attempts` : '',
    retryAfterMs === undefined ? '' : `, retry in ${spoken(retryAfterMs)}`,
    requestId && ` [${requestId}]`,
  ].join('');
}

function spoken(delayMs: number): string {
  return delayMs > 86_400_000 ? 'more than a day' : `${Math.ceil(delayMs / 1000)} s`;
}

/** Writes `message` anew, and the head of `stack`, which V8 copied from the first message. */
function refreshMessage(error: ProviderError): void {
  const frames = error.stack?.indexOf('\n    at ') ?? -1;
  const message = describe(error);
  hide(error, 'message', message);
  hide(error, 'stack', `${error.name}: ${message}${frames === -1 ? '' : error.stack?.slice(frames)}`);
}
