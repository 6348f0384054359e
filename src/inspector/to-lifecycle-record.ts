import { isProviderError, type LifecycleEvent, ProviderError } from '../index.ts';
import type { LifecycleRecord, RecordedError } from './lifecycle-record.ts';
import { redacted } from './redacted.ts';

/** How an event becomes a record. */
export interface RecordSettings {
  /** When it happened, in milliseconds since 1970. Default: now. */
  readonly at?: number | undefined;
  /** The name of its client. Default: none. */
  readonly client?: string | undefined;
  /** Whether requests, answers and the provider's words on failures are kept. Default: false. */
  readonly content?: boolean | undefined;
}

const maxAttempts = 16;
const maxContentLength = 16_384;
const nested = new Set(['usage', 'usageOverAllAttempts', 'to']);

/**
 * A lifecycle event as plain data for a log: no text of the user's or the model's unless it is asked for, no secret, every part bounded.
 *
 * @example
 * ```ts
 * client.lifecycle$.subscribe((event) => console.log(JSON.stringify(toLifecycleRecord(event))));
 * ```
 */
export function toLifecycleRecord(
  event: LifecycleEvent,
  { at = Date.now(), client, content = false }: RecordSettings = {},
): LifecycleRecord {
  const record: Record<string, unknown> = client === undefined ? { at } : { at, client };
  for (const [field, value] of Object.entries(event)) {
    if (value === undefined) continue;
    if (field === 'error') record.error = recordedError(value, content);
    else if (field === 'request') {
      if (content) record.request = requestText(value);
    } else if (field === 'result' || field === 'partial') {
      if (content) record.text = textOf(value);
    } else if (nested.has(field) && typeof value === 'object') record[field] = flat(value);
    else if (isPlain(value)) record[field] = plain(value);
  }
  return record as unknown as LifecycleRecord;
}

/** What a log may say of anything that was thrown. */
export function recordedError(thrown: unknown, content: boolean): RecordedError {
  const error = isProviderError(thrown) ? thrown : new ProviderError({ category: 'unknown', phase: 'local' });
  const { category, message, retryable, phase, gaveUp, timeout, status, code, providerRequestId, retryAfterMs, attempt, attempts } = error;
  const ledger = attempts.slice(-maxAttempts).map((each) => ({
    attempt: each.attempt,
    provider: redacted(each.provider),
    model: redacted(each.model),
    category: each.category,
    delayMs: each.delayMs,
  }));
  const facts = {
    phase,
    gaveUp,
    timeout,
    status,
    code,
    providerRequestId,
    retryAfterMs,
    attempt,
    detail: content ? error.detail : undefined,
  };
  const told = Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined));
  return { category, message, publicMessage: error.toPublic().message, retryable, ...told, ...(ledger.length > 0 && { attempts: ledger }) };
}

function isPlain(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

function plain(value: unknown): unknown {
  return typeof value === 'string' ? redacted(value) : value;
}

function flat(value: object): object {
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, each]) => isPlain(each))
      .map(([name, each]) => [name, plain(each)]),
  );
}

function requestText(request: unknown): string {
  try {
    return (JSON.stringify(request) ?? '').slice(0, maxContentLength);
  } catch {
    return '';
  }
}

function textOf(result: unknown): string | undefined {
  if (typeof result !== 'function') return undefined;
  const { text }: { readonly text?: unknown } = result() ?? {};
  return typeof text === 'string' ? text.slice(0, maxContentLength) : undefined;
}
