import type { ErrorVocabulary } from '../policies/error-vocabulary.ts';

/** The errors of Gemini: `generateContent` with the statuses of Google's APIs, Interactions with codes of its own. */
export const geminiErrors: ErrorVocabulary = {
  codes: {
    // Of Interactions alone: the quota of a day.
    'quota-exhausted': 'quota_exceeded',
    authentication: 'unauthenticated api_key_invalid api_key_expired',
    'permission-denied': 'permission_denied api_key_service_blocked service_disabled',
    'not-found': 'not_found',
    'content-filter': 'prohibited_content',
    overloaded: 'unavailable model_overloaded',
    'rate-limit': 'resource_exhausted rate_limit_exceeded',
    timeout: 'deadline_exceeded',
    conflict: 'already_exists aborted',
  },
  types: {
    'invalid-request': 'invalid_argument failed_precondition out_of_range invalid_request',
    'server-error': 'internal unknown data_loss',
    overloaded: 'service_unavailable',
  },
  phrases: { 'context-length': ['input token count'], overloaded: ['model is overloaded'] },
  members: ['quotaId', 'quota_limit_value'],
  refine({ members, message }, _facts, category) {
    // Every limit is called RESOURCE_EXHAUSTED; one of a day, one of nothing and an empty account are not worth the wait.
    if (category !== 'rate-limit') return undefined;
    const ofADay = members.get('quotaId')?.some((id) => typeof id === 'string' && id.includes('PerDay'));
    const isNever = members.get('quota_limit_value')?.some((value) => String(value) === '0') || /\blimit: 0(?![.\d])/.test(message ?? '');
    return ofADay || isNever || message?.includes('credits are depleted') ? { category: 'quota-exhausted' } : undefined;
  },
};
