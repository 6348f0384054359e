import type { ErrorVocabulary } from '../policies/error-vocabulary.ts';
import { anthropicRateLimits } from './rate-limit-headers.ts';

/** The errors of Anthropic's Messages. */
export const anthropicErrors: ErrorVocabulary = {
  rateLimits: anthropicRateLimits,
  codes: {
    'quota-exhausted': 'billing_error enforced_spend_limit_reached',
    'context-length': 'model_context_window_exceeded',
    authentication: 'authentication_error',
    'permission-denied': 'permission_error',
    'not-found': 'not_found_error',
    overloaded: 'overloaded_error',
    'rate-limit': 'rate_limit_error',
    timeout: 'timeout_error',
    conflict: 'conflict_error',
    'invalid-request': 'request_too_large',
  },
  types: { 'invalid-request': 'invalid_request_error', 'server-error': 'api_error' },
  phrases: {
    'quota-exhausted': ['credit balance is too low', 'specified api usage limits'],
    'context-length': ['prompt is too long', 'exceed context limit'],
    authentication: ['invalid x-api-key'],
    'content-filter': ['content filtering policy'],
  },
  requestIdHeaders: ['request-id'],
  waitHeaders: ['retry-after-ms'],
  retryHeader: 'x-should-retry',
};
