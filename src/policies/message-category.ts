import type { ErrorCategory } from '../core/error-category.ts';

// The last resort, for errors that carry nothing but words. Permanent failures come first: a message that also mentions a timeout
// or a limit in passing must not be tried again.
const phrases: readonly (readonly [RegExp, ErrorCategory])[] = [
  [/content.(?:filter|policy|management)|responsible ?ai|safety (?:filter|system)/, 'content-filter'],
  [/(?:invalid|incorrect).(?:x-)?api.key|unauthori[sz]ed|authentication|not authenticated/, 'authentication'],
  [/insufficient.quota|billing|credit balance|no credits?\b|payment required|spend(?:ing)? limit/, 'quota-exhausted'],
  [/too many tokens.{0,40}(?:wait|per (?:minute|day))/, 'rate-limit'],
  [/context.(?:length|window|size)|maximum context|prompt is too long|too many (?:input )?tokens/, 'context-length'],
  [/permission.denied|forbidden|not allowed/, 'permission-denied'],
  [/model.not.found|does not exist|no such model/, 'not-found'],
  [/rate.?limit|too.many.requests|quota.exceeded|resource.exhausted/, 'rate-limit'],
  [/overloaded|over capacity|at capacity|capacity exceeded/, 'overloaded'],
  [/\btimed.?out|\btime.?out|deadline.exceeded/, 'timeout'],
  [/connection (?:error|refused|reset|closed|lost)|network error|dns resolution|socket hang up|econnreset|stream interrupted/, 'network'],
  [/server.error|internal error|service.unavailable|bad gateway|temporarily unavailable/, 'server-error'],
  [/invalid.request|bad request|validation|invalid argument/, 'invalid-request'],
];

/** How much of a message is read. */
const maxMessage = 2_000;

/** The category that a message's words say, case and `_` put aside; `undefined` where they say nothing. */
export function messageCategory(message: string | undefined): ErrorCategory | undefined {
  if (!message) return undefined;
  const words = message.slice(0, maxMessage).toLowerCase().replaceAll('_', ' ');
  return phrases.find(([phrase]) => phrase.test(words))?.[1];
}
