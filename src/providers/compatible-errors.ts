import type { ErrorVocabulary } from '../policies/error-vocabulary.ts';

/** Azure OpenAI, and the gateways of its API management. */
export const azureErrors: ErrorVocabulary = {
  codes: { 'content-filter': 'content_filter responsibleaipolicyviolation', 'not-found': 'deploymentnotfound' },
  requestIdHeaders: ['apim-request-id'],
  waitHeaders: ['retry-after-ms', 'x-ms-retry-after-ms'],
};

/** OpenRouter: codes are HTTP statuses, and its own words are in `metadata`. */
export const openrouterErrors: ErrorVocabulary = {
  codes: { 'quota-exhausted': 'insufficient_credits' },
  // An answer that ended with it says no more.
  types: { 'server-error': 'error' },
  phrases: { 'quota-exhausted': ['insufficient credits'] },
  requestIdHeaders: ['x-generation-id'],
  members: ['limit_source', 'reasons'],
  refine({ members, status: told }, { status = told, headers }) {
    // Its own moderation answers 403.
    if (status === 403 && members.has('reasons')) return { category: 'content-filter' };
    // Credits are reserved while other requests run, and come back.
    const isReserved = members.get('limit_source')?.includes('openrouter_in_flight_budget');
    return isReserved || (status === 402 && headers?.has('retry-after')) ? { retryable: true } : undefined;
  },
};

/** Groq, with the capacity of its flexible tier. */
export const groqErrors: ErrorVocabulary = {
  codes: { overloaded: 'capacity_exceeded' },
  types: { 'server-error': 'internal_server_error' },
  refine(_told, { status }, category) {
    // A request that alone is above the limit of a minute.
    return status === 413 && category === 'rate-limit' ? { category: 'invalid-request' } : undefined;
  },
};

/** xAI, whose codes are sentences. */
export const xaiErrors: ErrorVocabulary = {
  // A code is the same for several errors: the sentence behind it says which.
  phrases: {
    'quota-exhausted': ['used all available credits', "doesn't have any credits"],
    'context-length': ['maximum prompt length'],
    'invalid-request': ['client specified an invalid argument'],
    authentication: ['no or an invalid authentication credential'],
    'permission-denied': ['the caller does not have permission'],
    'not-found': ['some requested entity was not found'],
    'rate-limit': ['some resource has been exhausted'],
    overloaded: ['the service is currently unavailable'],
  },
};

/** DeepSeek. */
export const deepseekErrors: ErrorVocabulary = {
  codes: { 'quota-exhausted': 'insufficient_balance', overloaded: 'insufficient_system_resource' },
  phrases: { 'quota-exhausted': ['insufficient balance'] },
};

/** Mistral: flat bodies, and the details of its validation. */
export const mistralErrors: ErrorVocabulary = {
  codes: { 'not-found': 'invalid_model', overloaded: 'service_tier_capacity_exceeded' },
  types: { 'invalid-request': 'validation_error' },
};

/** Servers that people run themselves: vLLM, TGI, Ollama, llama.cpp, and what speaks like them. */
export const localErrors: ErrorVocabulary = {
  codes: { 'context-length': 'exceed_context_size_error' },
  types: {
    'invalid-request': 'badrequesterror',
    'server-error': 'internalservererror abort',
    'not-found': 'notfounderror',
    authentication: 'authenticationerror',
    'permission-denied': 'permissiondeniederror',
    'rate-limit': 'ratelimiterror',
  },
  phrases: { 'context-length': ['exceeds the available context size', 'maximum model length', '`max_new_tokens` must be <='] },
};

/** Moonshot, DashScope, Workers AI, MiniMax, Z.ai, GitHub Models, Together and gateways. */
export const furtherErrors: ErrorVocabulary = {
  codes: {
    'quota-exhausted': 'exceeded_current_quota_error arrearage allocationquota.freetieronly',
    'context-length': 'context_window_exceeded tokens_limit_reached max_context_length_exceeded',
    authentication: 'invalid_authentication_error',
    'not-found': 'resource_not_found_error model_not_available',
    'content-filter': 'content_filter_error data_inspection_failed datainspectionfailed',
    overloaded: 'engine_overloaded engine_overloaded_error overloaded',
    'rate-limit': `rate_limit_reached_error limit_requests limit_burst_rate throttling throttling.ratequota throttling.burstrate
      throttling.allocationquota`,
  },
  types: { 'server-error': 'network_error' },
  phrases: {
    'quota-exhausted': ['daily free allocation'],
    'context-length': [
      'context window exceeds',
      'context window limit',
      'context length exceeded',
      'input is too long for',
      'exceeded model token limit',
      'range of input length should be',
    ],
  },
};

/** All of the servers that speak like OpenAI. */
export const compatibleErrors: readonly ErrorVocabulary[] = [
  azureErrors,
  openrouterErrors,
  groqErrors,
  xaiErrors,
  deepseekErrors,
  mistralErrors,
  localErrors,
  furtherErrors,
];
