export { classify, classifyErrors } from './classify.ts';
export { type Client, createClient } from './client.ts';
export type { ClientConfig, ClientHedge, StreamOptions, Target } from './client-options.ts';
export { configFromEnv, type OperationalConfig } from './config-from-env.ts';
export type { Checkpoint, StreamPosition } from './core/checkpoint.ts';
export type { RequestContext, RetryContext } from './core/context.ts';
export { defaults } from './core/defaults.ts';
export { type CategoryTraits, type ErrorCategory, errorCategories } from './core/error-category.ts';
export { ErrorResponse } from './core/error-response.ts';
export { type EventLike, isContentEvent, type ProviderEvent, type RateLimitSnapshot, type StreamEvent } from './core/event.ts';
export { FlowGate } from './core/flow-gate.ts';
export type { BreakerMoment, BreakerReason, BreakerState, LifecycleEvent, Moment, MomentOfCall } from './core/lifecycle.ts';
export type { Capabilities, Decoder, ErrorDescription, ErrorFacts, Provider, ProviderDefaults } from './core/provider.ts';
export {
  type Attempt,
  type ErrorInit,
  type ErrorPhase,
  type GaveUp,
  isProviderError,
  ProviderError,
  type PublicError,
  type TimeoutName,
} from './core/provider-error.ts';
export type {
  Message,
  Part,
  ProviderMetadata,
  ReasoningEffort,
  ResponseFormat,
  StreamRequest,
  ToolChoice,
  ToolDefinition,
} from './core/request.ts';
export type { FinishReason, StreamResult, ToolCall, Usage } from './core/stream-result.ts';
export type { HttpRequest, ResponseHead, SseMessage, Transport } from './core/transport.ts';
export {
  addUsage,
  type EstimateConfig,
  estimateInputTokens,
  estimateTokens,
  estimateUsage,
  type TokenPrice,
  usageCost,
} from './core/usage.ts';
export type { ResilientFetchOptions } from './fetch/fetch-options.ts';
export { fromEventStream } from './from-event-stream.ts';
export { type Logger, type LogLevel, type LogOptions, logLifecycle } from './log-lifecycle.ts';
export { accumulate, result } from './operators/accumulate.ts';
export { backoff } from './operators/backoff.ts';
export { boundedConcatMap } from './operators/bounded-concat-map.ts';
export type { BufferingConfig } from './operators/buffering.ts';
export { type Bulkhead, type BulkheadConfig, bulkhead, createBulkhead } from './operators/bulkhead.ts';
export { bySentence } from './operators/by-sentence.ts';
export { byWord } from './operators/by-word.ts';
export { cancelOn } from './operators/cancel-on.ts';
export { checkpoint } from './operators/checkpoint.ts';
export { circuitBreaker } from './operators/circuit-breaker.ts';
export type { ClassifyConfig } from './operators/classify-errors.ts';
export type { ContentConfig } from './operators/content.ts';
export {
  type Cooldown,
  type CooldownConfig,
  type CooldownLimit,
  type Cooldowns,
  type CooldownsConfig,
  cooldown,
  createCooldowns,
} from './operators/cooldown.ts';
export {
  type CircuitBreaker,
  type CircuitBreakers,
  type CircuitBreakersConfig,
  createCircuitBreaker,
  createCircuitBreakers,
  type KeyedBreakerChange,
  type KeyedBreakerSnapshot,
} from './operators/create-circuit-breaker.ts';
export { type DecodeContext, decode } from './operators/decode.ts';
export { type ElementsConfig, elements } from './operators/elements.ts';
export type { EvidenceExchange, SharingEvent } from './operators/evidence-rounds.ts';
export { type FallbackConfig, fallbackCategories, fallbackTo } from './operators/fallback-to.ts';
export { fromAsyncIterable, fromReadableStream } from './operators/from-async-iterable.ts';
export { type HedgeConfig, hedge } from './operators/hedge.ts';
export { type CheckContext, type HoldBackConfig, holdBack, type TextCheck } from './operators/hold-back.ts';
export { type HoldConfig, holdUntilContent } from './operators/hold-until-content.ts';
export { type DeepPartial, type JsonSnapshot, json } from './operators/json.ts';
export type { JsonConfig } from './operators/json-answer.ts';
export { createRateLimiter, type RateLimitConfig, type RateLimiter, type RateLimiterConfig, rateLimit } from './operators/rate-limit.ts';
export type { SegmentConfig } from './operators/regroup.ts';
export { type RepetitionGuardConfig, repetitionGuard } from './operators/repetition-guard.ts';
export { createRetryBudget, fundRetries } from './operators/retry-budget.ts';
export { type RetryStatistics, retryStatistics, retrySuccessRate } from './operators/retry-statistics.ts';
export { type ShareResilienceConfig, shareResilience } from './operators/share-resilience.ts';
export { type SmoothConfig, smooth } from './operators/smooth.ts';
export { type SplitThinkTagsConfig, splitThinkTags } from './operators/split-think-tags.ts';
export type { SchemaIssue, SchemaOutput, SchemaResult, StandardSchemaV1 } from './operators/standard-schema.ts';
export { type StreamStatistics, streamStatistics } from './operators/stream-statistics.ts';
export { type StreamTimeoutConfig, streamTimeout } from './operators/stream-timeout.ts';
export { type TextDeltasConfig, textDeltas } from './operators/text-deltas.ts';
export { throwIfUnfinished } from './operators/throw-if-unfinished.ts';
export { toAsyncIterable } from './operators/to-async-iterable.ts';
export { toReadableStream } from './operators/to-readable-stream.ts';
export { type Tool, type ToolCallOf, type ToolContext, type ToolSet, tool, toolDefinitions } from './operators/tool.ts';
export { type ToolCallsConfig, toolCalls } from './operators/tool-calls.ts';
export { type ViewState, type ViewStateConfig, viewState } from './operators/view-state.ts';
export { type BackoffConfig, backoffDelay, type Jitter } from './policies/backoff.ts';
export type { Overflow } from './policies/bounded-queue.ts';
export type { Admission, Permit } from './policies/breaker-permit.ts';
export type { BreakerChange, BreakerSnapshot, CircuitBreakerConfig, StoredBreaker } from './policies/circuit-breaker-config.ts';
export type { ClassificationConfig, Rule } from './policies/classification.ts';
export { describeErrorBy } from './policies/error-description.ts';
export type { CategoryWords, ErrorVocabulary, Refinement } from './policies/error-vocabulary.ts';
export type { ErrorWords } from './policies/error-words.ts';
export { type PartialJson, parsePartialJson } from './policies/json-partial.ts';
export type { Recovery } from './policies/recovery.ts';
export type { EvidenceSpending, EvidenceVerdict, NodeEvidence, ResilienceEvidence } from './policies/resilience-evidence.ts';
export type { BudgetKey, BudgetMove, RetryBudget, RetryBudgetConfig } from './policies/retry-budget.ts';
export type { ThinkTagOptions } from './policies/think-tags.ts';
export type { ToolResult } from './policies/tool-loop.ts';
export { type AnthropicOptions, anthropic } from './providers/anthropic.ts';
export { type GeminiOptions, gemini } from './providers/gemini.ts';
export { type OpenAIOptions, openai } from './providers/openai.ts';
export type { OpenAIFeature, OpenAIPreset } from './providers/openai-preset.ts';
export { type OpenAIResponsesOptions, openaiResponses } from './providers/openai-responses.ts';
export { presets } from './providers/presets.ts';
export { type XAIOptions, xai } from './providers/xai.ts';
export { memoryStore } from './recovery/memory-store.ts';
export type { MemoryStoreOptions } from './recovery/memory-store-options.ts';
export type { Durability } from './recovery/producer-config.ts';
export type {
  StreamInit,
  StreamOutcome,
  StreamProgress,
  StreamRecord,
  TakeoverPolicy,
} from './recovery/stream-record.ts';
export type {
  HolderReply,
  LeaseOptions,
  StoredEvent,
  StoreStatistics,
  StreamBatch,
  StreamCreation,
  StreamHolder,
  StreamLimits,
  StreamStore,
  StreamTaking,
} from './recovery/stream-store.ts';
export type { EventStreamOptions } from './relay/event-stream-options.ts';
export { toEventStreamResponse } from './relay/event-stream-response.ts';
export { type LastEventId, lastEventId } from './relay/last-event-id.ts';
export {
  createRelayHandler,
  type RelayAccess,
  type RelayedSessions,
  type RelayHandler,
  type RelayHandlerOptions,
} from './relay/relay-handler.ts';
export type { RelayOptions } from './relay/relay-provider.ts';
export { relay } from './relay.ts';
export { type ResilientFetch, resilientFetch } from './resilient-fetch.ts';
export { runTools } from './run-tools.ts';
export type { RunToolsConfig } from './run-tools-options.ts';
export { createSessions, type Session, type Sessions } from './sessions.ts';
export type { AttachOptions, RequestCodec, SessionsConfig, StartOptions } from './sessions-options.ts';
export { type FetchTransportOptions, fetchTransport } from './transport/fetch-transport.ts';
