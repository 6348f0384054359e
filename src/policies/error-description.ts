import type { ErrorCategory } from '../core/error-category.ts';
import type { ErrorDescription, ErrorFacts } from '../core/provider.ts';
import { genericCategory, phraseCategory, specificCategory } from './error-codes.ts';
import { type ErrorWords, readErrorWords } from './error-words.ts';
import { retryAfterOfBody } from './retry-after.ts';
import { statusCategory } from './status-category.ts';

const requestIdHeaders = ['x-request-id', 'request-id', 'apim-request-id', 'x-generation-id'] as const;

/**
 * Reads a failure in the words of OpenAI, Anthropic and the compatible servers: they borrow from each other, and gateways mix them.
 *
 * Never throws, whatever the body is.
 */
export function describeError(facts: ErrorFacts): ErrorDescription {
  const told = readErrorWords(facts.body);
  const { words, message } = told;
  // The number of an HTTP status is the status once more.
  const code = words.find((word) => !isStatus(word)) ?? words[0];
  const category = categoryOf(told, facts.status);
  return {
    category,
    genericCategory: statusCategory(told.status) ?? firstOf(words, genericCategory),
    retryable: retryableOf(told, facts, category),
    retryAfterMs: facts.body === undefined ? undefined : retryAfterOfBody(facts.body),
    code,
    detail: message,
    providerRequestId: headerOf(facts.headers) ?? told.requestId,
  };
}

function categoryOf({ words, message, members }: ErrorWords, status: number | undefined): ErrorCategory | undefined {
  // OpenRouter answers 403 for its own moderation.
  if (status === 403 && members.reasons !== undefined) return 'content-filter';
  const byCode = firstOf(words, specificCategory);
  // Gemini calls every limit resource_exhausted; one of a day is not worth the wait.
  if (byCode === 'rate-limit' && typeof members.quotaId === 'string' && members.quotaId.includes('PerDay')) return 'quota-exhausted';
  // Groq: a request that alone is above the limit of a minute.
  if (byCode === 'rate-limit' && status === 413) return 'invalid-request';
  return byCode ?? (message === undefined ? undefined : phraseCategory(message));
}

function retryableOf({ members, message }: ErrorWords, facts: ErrorFacts, category: ErrorCategory | undefined): boolean | undefined {
  // OpenRouter: credits are reserved while other requests run, and come back.
  if (members.limit_source === 'openrouter_in_flight_budget') return true;
  if (facts.status === 402 && facts.headers?.has('retry-after')) return true;
  // One request above the limit of a minute stays above it.
  if (category === 'rate-limit' && message?.includes('Request too large')) return false;
  return undefined;
}

function headerOf(headers: Headers | undefined): string | undefined {
  if (headers === undefined) return undefined;
  for (const name of requestIdHeaders) {
    const value = headers.get(name);
    if (value) return value;
  }
  return undefined;
}

function isStatus(word: string): boolean {
  return /^[45]\d\d$/.test(word);
}

function firstOf(words: readonly string[], categoryOfWord: (word: string) => ErrorCategory | undefined): ErrorCategory | undefined {
  for (const word of words) {
    const category = categoryOfWord(word);
    if (category !== undefined) return category;
  }
  return undefined;
}
