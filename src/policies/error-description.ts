import type { ErrorDescription, ErrorFacts } from '../core/provider.ts';
import { ErrorLexicon, type ErrorVocabulary } from './error-vocabulary.ts';
import { readErrorWords } from './error-words.ts';
import { retryAfterOfBody, waitOfHeaders, waitOfLimits } from './retry-after.ts';
import { statusCategory } from './status-category.ts';

/**
 * Makes a provider's `describeError` from how it speaks of its errors; the words of the first vocabulary count most.
 *
 * What it makes reads an error inside a stream as it reads an HTTP error, and never throws, whatever the body is. Without a vocabulary it
 * says what HTTP itself says.
 *
 * @throws TypeError for a member that is unknown or not of its type.
 *
 * @example
 * ```ts
 * const describeError = describeErrorBy({ codes: { 'quota-exhausted': 'no_credit', overloaded: 'busy' }, requestIdHeaders: ['x-trace'] });
 * describeError({ status: 429, body: { error: { code: 'no_credit' } }, headers: undefined }).category; // 'quota-exhausted'
 * ```
 */
export function describeErrorBy(...vocabularies: readonly ErrorVocabulary[]): (facts: ErrorFacts) => ErrorDescription {
  const lexicon = new ErrorLexicon(vocabularies);
  return (facts) => {
    try {
      return describe(facts, lexicon);
    } catch {
      // A getter that throws, a revoked proxy, a rule that did not expect this body: there is nothing to be told.
      return {};
    }
  };
}

function describe(facts: ErrorFacts, lexicon: ErrorLexicon): ErrorDescription {
  const { body, headers } = facts;
  const told = readErrorWords(body, lexicon.members);
  const { words, message } = told;
  // Some put a whole sentence where others have a code.
  const said = [message, ...words].join('\n');
  const byWords = lexicon.specificCategory(words) ?? lexicon.phraseCategory(said);
  const refined = lexicon.refine(told, facts, byWords);
  const category = refined.category ?? byWords;
  const genericCategory = statusCategory(told.status) ?? lexicon.genericCategory(words);
  const isRateLimit = (category ?? statusCategory(facts.status) ?? genericCategory) === 'rate-limit';
  return {
    category,
    genericCategory,
    retryable: toldRetryable(headers, lexicon.retryHeaders) ?? refined.retryable,
    retryAfterMs: (headers && waitOfHeaders(headers, lexicon.waitHeaders)) ?? otherWait(facts, isRateLimit ? lexicon : undefined),
    // The number of an HTTP status is the status once more.
    code: words.find((word) => !isStatus(word)) ?? words[0],
    detail: message,
    providerRequestId: firstHeader(headers, lexicon.requestIdHeaders) ?? told.requestId,
  };
}

/** The wait that the body asks for, else that of the limits which are used up. `Retry-After` counts more, and is read where every header is. */
function otherWait({ body, headers }: ErrorFacts, limits: ErrorLexicon | undefined): number | undefined {
  if (headers?.has('retry-after')) return undefined;
  return (body === undefined ? undefined : retryAfterOfBody(body)) ?? (headers && limits && waitOfLimits(limits.rateLimits(headers)));
}

/** What HTTP itself says of an error, whoever sent it. */
export const describeHttpError = describeErrorBy();

function toldRetryable(headers: Headers | undefined, names: readonly string[]): boolean | undefined {
  const said = firstHeader(headers, names);
  return said === 'true' ? true : said === 'false' ? false : undefined;
}

function firstHeader(headers: Headers | undefined, names: readonly string[]): string | undefined {
  if (headers === undefined) return undefined;
  for (const name of names) {
    const value = headers.get(name);
    if (value) return value.slice(0, 200);
  }
  return undefined;
}

function isStatus(word: string): boolean {
  return /^[45]\d\d$/.test(word);
}
