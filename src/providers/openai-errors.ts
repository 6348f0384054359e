import type { ErrorVocabulary } from '../policies/error-vocabulary.ts';
import { openaiRateLimits } from './rate-limit-headers.ts';

/** The errors of OpenAI: Chat Completions, Responses, and what an answer of Responses may end with. */
export const openaiErrors: ErrorVocabulary = {
  rateLimits: openaiRateLimits,
  codes: {
    'quota-exhausted': `insufficient_quota credit_balance_exhausted organization_spend_limit_exceeded project_spend_limit_exceeded
      organization_usage_limit_exceeded billing_hard_limit_reached billing_not_active`,
    'context-length': 'context_length_exceeded',
    authentication: 'invalid_api_key expired_api_key account_deactivated',
    'permission-denied': 'unsupported_country_region_territory access_denied',
    'not-found': 'model_not_found',
    'content-filter': 'content_filter content_policy_violation moderation_blocked bio_policy image_content_policy_violation',
    overloaded: 'server_is_overloaded service_unavailable_error',
    'rate-limit': 'rate_limit_exceeded too_many_requests slow_down',
    timeout: 'request_timeout vector_store_timeout',
    'invalid-request': `invalid_prompt data_residency_mismatch unsupported_parameter unsupported_value string_above_max_length
      invalid_image invalid_image_format invalid_base64_image invalid_image_url invalid_image_mode image_too_large image_too_small
      image_parse_error image_file_too_large image_file_not_found empty_image_file unsupported_image_media_type failed_to_download_image`,
  },
  types: {
    'invalid-request': 'invalid_request_error bad_request invalid_request',
    'server-error': 'server_error api_error internal_error',
    'rate-limit': 'requests tokens',
    overloaded: 'service_unavailable',
    timeout: 'timeout',
    authentication: 'unauthorized',
    'permission-denied': 'forbidden',
  },
  phrases: {
    'quota-exhausted': ['check your plan and billing'],
    'context-length': ['maximum context length', 'exceeds the context window', 'reduce the length of the messages'],
    authentication: ['incorrect api key', 'invalid api key'],
    overloaded: ['currently overloaded', 'server is overloaded'],
  },
  requestIdHeaders: ['x-request-id'],
  waitHeaders: ['retry-after-ms'],
  retryHeader: 'x-should-retry',
  refine({ message }, _facts, category) {
    // One request above the limit of a minute stays above it.
    return category === 'rate-limit' && message?.includes('Request too large') ? { retryable: false } : undefined;
  },
};
