import type { ErrorCategory } from '../core/error-category.ts';

const specific: readonly (readonly [ErrorCategory, string])[] = [
  [
    'quota-exhausted',
    `insufficient_quota credit_balance_exhausted organization_spend_limit_exceeded project_spend_limit_exceeded
    organization_usage_limit_exceeded billing_hard_limit_reached billing_not_active billing_error insufficient_balance
    insufficient_credits quota_exceeded enforced_spend_limit_reached exceeded_current_quota_error`,
  ],
  [
    'context-length',
    `context_length_exceeded context_window_exceeded exceed_context_size_error model_context_window_exceeded tokens_limit_reached
    max_context_length_exceeded`,
  ],
  [
    'authentication',
    'invalid_api_key authentication_error invalid_authentication_error expired_api_key api_key_invalid unauthenticated account_deactivated',
  ],
  ['permission-denied', 'permission_error permission_denied unsupported_country_region_territory access_denied'],
  ['not-found', 'model_not_found not_found_error not_found deploymentnotfound model_not_available resource_not_found_error'],
  [
    'content-filter',
    `content_filter content_policy_violation responsibleaipolicyviolation moderation_blocked content_filter_error
    data_inspection_failed`,
  ],
  [
    'overloaded',
    `overloaded_error overloaded server_is_overloaded engine_overloaded engine_overloaded_error capacity_exceeded model_overloaded
    insufficient_system_resource service_unavailable_error unavailable`,
  ],
  ['rate-limit', 'rate_limit_exceeded rate_limit_error rate_limit_reached_error too_many_requests slow_down resource_exhausted'],
  ['timeout', 'timeout_error request_timeout deadline_exceeded'],
  ['conflict', 'conflict_error'],
  ['invalid-request', 'request_too_large invalid_prompt unsupported_parameter unsupported_value string_above_max_length'],
];

const generic: readonly (readonly [ErrorCategory, string])[] = [
  [
    'invalid-request',
    'invalid_request_error badrequesterror bad_request invalid_argument invalid_request validation_error failed_precondition',
  ],
  ['server-error', 'api_error server_error internal_error internal internal_server_error internalservererror network_error error abort'],
  ['not-found', 'notfounderror'],
  ['authentication', 'authenticationerror unauthorized'],
  ['permission-denied', 'permissiondeniederror forbidden'],
  ['rate-limit', 'ratelimiterror requests tokens'],
  ['overloaded', 'service_unavailable'],
  ['timeout', 'timeout'],
];

// Only sentences that no harmless error says.
const phrases: readonly (readonly [ErrorCategory, readonly string[]])[] = [
  [
    'quota-exhausted',
    [
      'insufficient balance',
      'insufficient credits',
      'credit balance is too low',
      'specified api usage limits',
      'check your plan and billing',
    ],
  ],
  [
    'context-length',
    [
      'maximum context length',
      'prompt is too long',
      'exceeds the available context size',
      'exceed context limit',
      'context window exceeds',
    ],
  ],
  ['authentication', ['incorrect api key', 'invalid api key', 'invalid x-api-key']],
  ['overloaded', ['currently overloaded', 'model is overloaded', 'server is overloaded']],
];

const specificCodes = tableOf(specific);
const genericCodes = tableOf(generic);

/** The category of a provider's specific code or type; any case. */
export function specificCategory(word: string): ErrorCategory | undefined {
  return specificCodes.get(word.toLowerCase());
}

/** The category of a type that providers give to all kinds of errors. */
export function genericCategory(word: string): ErrorCategory | undefined {
  return genericCodes.get(word.toLowerCase());
}

/** The category of a sentence, where a provider has no code for what it says. */
export function phraseCategory(message: string): ErrorCategory | undefined {
  const words = message.slice(0, 2_000).toLowerCase();
  return phrases.find(([, sentences]) => sentences.some((sentence) => words.includes(sentence)))?.[0];
}

function tableOf(rows: readonly (readonly [ErrorCategory, string])[]): ReadonlyMap<string, ErrorCategory> {
  return new Map(rows.flatMap(([category, codes]) => codes.split(/\s+/).map((code) => [code, category] as const)));
}
