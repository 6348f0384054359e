import { type ErrorCategory, errorCategories } from '../core/error-category.ts';
import type { ErrorDescription, ErrorFacts } from '../core/provider.ts';
import { type ErrorPhase, isProviderError, ProviderError } from '../core/provider-error.ts';
import { sanitize } from '../core/sanitize.ts';
import type { StreamResult } from '../core/stream-result.ts';
import { describeHttpError } from './error-description.ts';
import { type FailureFacts, failureFacts } from './failure-facts.ts';
import { messageCategory } from './message-category.ts';
import { networkFailure } from './network-failure.ts';
import { retryAfterOf } from './retry-after.ts';
import { statusCategory, statusRetryable } from './status-category.ts';

/**
 * A rule of the user's own. Every condition that is given must hold; the first rule that matches decides, before anything built in.
 *
 * @example
 * ```ts
 * const networkIssue: Rule = { message: /network issue/i, category: 'network' };
 * const noConflicts: Rule = { status: 409, retryable: true };
 * ```
 */
export interface Rule {
  /** The HTTP status, or several. */
  readonly status?: number | readonly number[] | undefined;
  /** The provider's code or type, the network's code, or the category that was found so far. */
  readonly code?: string | undefined;
  /** Words of the message: a string is looked for as it is, in any case; both see the first 2,000 characters. */
  readonly message?: string | RegExp | undefined;
  /** Anything else; given the error as it was thrown. One that throws does not match. */
  readonly when?: ((error: unknown) => boolean) | undefined;
  readonly category?: ErrorCategory | undefined;
  /** Default: what the category says. */
  readonly retryable?: boolean | undefined;
  /** A wait before the next attempt, as if the provider had asked for it. */
  readonly retryAfterMs?: number | undefined;
}

/** How failures are told apart. */
export interface ClassificationConfig {
  /** Rules of the user's own, tried first, in order. Default: none. */
  readonly rules?: readonly Rule[] | undefined;
  /** Named on the errors. */
  readonly provider?: string | undefined;
  readonly model?: string | undefined;
  /** The provider's own reading of a failure. Default: the words of every provider that the library knows. */
  readonly describeError?: ((facts: ErrorFacts) => ErrorDescription | undefined) | undefined;
  /** Values that must not appear in an error. */
  readonly secrets?: (() => readonly string[]) | undefined;
  /** Whether an error that nothing recognizes may be tried again. Default: false. */
  readonly unknownRetryable?: boolean | undefined;
}

/**
 * Turns anything thrown into a {@link ProviderError}: the user's rules first, then the provider's specific code, the status, the
 * provider's generic type, the network's code, and a message's words last.
 *
 * A body never moves an error between the 4xx and the 5xx. An error already classified is returned as it is, unless a rule says otherwise.
 *
 * @param now The wall clock in milliseconds, for a Retry-After that is a date.
 */
export function classifyFailure(error: unknown, config: ClassificationConfig, phase: ErrorPhase, now: number): ProviderError {
  if (isProviderError(error)) return overrule(error, config.rules);
  const facts = failureFacts(error);
  const described = describeSafely(config, facts);
  const network = networkFailure(error);
  const found = builtInCategory(facts, described, network?.category);
  const rule = config.rules?.find((candidate) => matches(candidate, error, facts, [described.code, network?.code, found]));
  const status = facts.status;
  const secrets = [...(facts.secrets ?? []), ...(config.secrets?.() ?? [])];
  const sanitized = (text: string | undefined): string | undefined => text && sanitize(text, secrets);
  const category = rule?.category ?? found;
  return new ProviderError({
    category,
    retryable:
      rule?.retryable ??
      (rule?.category ? errorCategories[rule.category].retryable : undefined) ??
      described.retryable ??
      statusRetryable(status) ??
      (category === 'unknown' ? config.unknownRetryable : undefined),
    retryAfterMs: rule?.retryAfterMs ?? described.retryAfterMs ?? retryAfterOf(facts.headers, facts.body, now),
    phase,
    status,
    code: sanitized(described.code ?? facts.codes[0] ?? network?.code),
    detail: sanitized(described.detail ?? facts.message),
    reason: facts.reason,
    providerRequestId: sanitized(described.providerRequestId),
    provider: config.provider,
    model: config.model,
    cause: error,
  });
}

function builtInCategory(facts: FailureFacts, described: ErrorDescription, network: ErrorCategory | undefined): ErrorCategory {
  const { status } = facts;
  // An answer of 2xx says nothing of the failure that its body holds.
  const byStatus = statusCategory(status);
  if (byStatus) {
    const specific = described.category;
    return specific && sameSide(specific, byStatus) ? specific : byStatus;
  }
  return described.category ?? described.genericCategory ?? network ?? messageCategory(facts.message) ?? fallback(facts);
}

function fallback(facts: FailureFacts): ErrorCategory {
  if (facts.reason) return 'protocol';
  // The provider spoke of an error in words that nobody knows: its fault until shown otherwise.
  return facts.body === undefined ? 'unknown' : 'server-error';
}

function sameSide(a: ErrorCategory, b: ErrorCategory): boolean {
  return errorCategories[a].side === errorCategories[b].side;
}

function overrule(error: ProviderError, rules: readonly Rule[] | undefined): ProviderError {
  const facts: FailureFacts = {
    status: error.status,
    body: undefined,
    headers: undefined,
    codes: [error.code ?? '', error.category],
    message: error.detail ?? error.message,
  };
  const rule = rules?.find((candidate) => matches(candidate, error, facts, []));
  if (!rule) return error;
  const category = rule.category ?? error.category;
  const retryable = rule.retryable ?? (rule.category ? errorCategories[category].retryable : error.retryable);
  const retryAfterMs = rule.retryAfterMs ?? error.retryAfterMs;
  if (category === error.category && retryable === error.retryable && retryAfterMs === error.retryAfterMs) return error;
  const { checkpoint, cause = error } = error;
  const partial = (): StreamResult | undefined => error.partial;
  return new ProviderError({ ...error, category, retryable, retryAfterMs, checkpoint, cause, partial });
}

function matches(rule: Rule, error: unknown, facts: FailureFacts, further: readonly (string | undefined)[]): boolean {
  const { status, code, message, when } = rule;
  if (status !== undefined && !(typeof status === 'number' ? [status] : status).includes(facts.status ?? -1)) return false;
  if (code !== undefined && !facts.codes.includes(code) && !further.includes(code)) return false;
  if (message !== undefined && !speaksOf(message, facts.message)) return false;
  try {
    return when === undefined || when(error);
  } catch {
    // A rule that throws must not hide the failure it was asked about.
    return false;
  }
}

function speaksOf(pattern: string | RegExp, message: string | undefined): boolean {
  const words = message?.slice(0, 2_000) ?? '';
  return typeof pattern === 'string' ? words.toLowerCase().includes(pattern.toLowerCase()) : words.search(pattern) !== -1;
}

function describeSafely(config: ClassificationConfig, facts: ErrorFacts): ErrorDescription {
  if (facts.status === undefined && facts.body === undefined) return {};
  try {
    return (config.describeError ?? describeHttpError)(facts) ?? {};
  } catch {
    return {};
  }
}
