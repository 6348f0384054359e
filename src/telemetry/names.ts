/** What an attribute or a metric is called: one name, several at once, or `false` to leave it out. */
export type TelemetryName = string | readonly string[] | false;

const attributes = {
  operation: 'gen_ai.operation.name',
  provider: 'gen_ai.provider.name',
  requestModel: 'gen_ai.request.model',
  requestStream: 'gen_ai.request.stream',
  requestMaxTokens: 'gen_ai.request.max_tokens',
  requestTemperature: 'gen_ai.request.temperature',
  requestStopSequences: 'gen_ai.request.stop_sequences',
  requestSeed: 'gen_ai.request.seed',
  requestReasoningLevel: 'gen_ai.request.reasoning.level',
  outputType: 'gen_ai.output.type',
  finishReasons: 'gen_ai.response.finish_reasons',
  timeToFirstChunk: 'gen_ai.response.time_to_first_chunk',
  inputTokens: 'gen_ai.usage.input_tokens',
  outputTokens: 'gen_ai.usage.output_tokens',
  cachedInputTokens: 'gen_ai.usage.cache_read.input_tokens',
  cacheWriteTokens: 'gen_ai.usage.cache_write.input_tokens',
  reasoningTokens: 'gen_ai.usage.reasoning.output_tokens',
  tokenType: 'gen_ai.token.type',
  inputMessages: 'gen_ai.input.messages',
  outputMessages: 'gen_ai.output.messages',
  errorType: 'error.type',
  responseStatus: 'http.response.status_code',
};

const ownMetrics = {
  attemptsMetric: 'steadystream.client.attempts',
  retriesMetric: 'steadystream.client.retries',
  breakerChangesMetric: 'steadystream.client.breaker.changes',
};

/**
 * The names of attributes and metrics. The conventions for generative AI are in development: what they are called this year is a default.
 *
 * Keys that end in `Metric` are instruments, the others attributes.
 */
export type TelemetryNames = Readonly<
  Record<
    | keyof typeof attributes
    | keyof typeof ownMetrics
    | 'durationMetric'
    | 'timeToFirstChunkMetric'
    | 'tokenUsageMetric'
    | 'inputTokensPerCallMetric'
    | 'outputTokensPerCallMetric'
    | 'inputTokensMetric'
    | 'outputTokensMetric'
    | 'cachedInputTokensMetric'
    | 'cacheWriteTokensMetric'
    | 'reasoningTokensMetric',
    TelemetryName
  >
>;

/** The names that dashboards know: metrics as of the semantic conventions 1.37 to 1.41. The default. */
export const operationNames: TelemetryNames = {
  ...attributes,
  ...ownMetrics,
  durationMetric: 'gen_ai.client.operation.duration',
  timeToFirstChunkMetric: 'gen_ai.client.operation.time_to_first_chunk',
  tokenUsageMetric: 'gen_ai.client.token.usage',
  inputTokensPerCallMetric: false,
  outputTokensPerCallMetric: false,
  inputTokensMetric: false,
  outputTokensMetric: false,
  cachedInputTokensMetric: false,
  cacheWriteTokensMetric: false,
  reasoningTokensMetric: false,
};

/**
 * The names of the metrics since the conventions have a repository of their own.
 *
 * @example
 * ```ts
 * client.lifecycle$.subscribe(openTelemetry({ names: inferenceNames }));
 * ```
 */
export const inferenceNames: TelemetryNames = {
  ...operationNames,
  durationMetric: 'gen_ai.client.inference.duration',
  timeToFirstChunkMetric: 'gen_ai.client.inference.time_to_first_chunk',
  tokenUsageMetric: false,
  inputTokensPerCallMetric: 'gen_ai.client.inference.operation.input_tokens',
  outputTokensPerCallMetric: 'gen_ai.client.inference.operation.output_tokens',
  inputTokensMetric: 'gen_ai.client.inference.usage.input_tokens',
  outputTokensMetric: 'gen_ai.client.inference.usage.output_tokens',
  cachedInputTokensMetric: 'gen_ai.client.inference.usage.cache_read.input_tokens',
  cacheWriteTokensMetric: 'gen_ai.client.inference.usage.cache_write.input_tokens',
  reasoningTokensMetric: 'gen_ai.client.inference.usage.reasoning.output_tokens',
};

/** What the conventions call the providers that this library calls otherwise. */
export const conventionalProviders: Readonly<Record<string, string>> = {
  gemini: 'gcp.gemini',
  azure: 'azure.ai.openai',
  mistral: 'mistral_ai',
  moonshot: 'moonshot_ai',
  xai: 'x_ai',
  'openai-responses': 'openai',
};

/** The names that something has. */
export function namesOf(name: TelemetryName): readonly string[] {
  if (name === false) return [];
  return typeof name === 'string' ? [name] : name;
}
