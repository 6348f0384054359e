export { type Client, createClient } from './client.ts';
export type { ClientConfig, StreamOptions } from './client-options.ts';
export type { RequestContext } from './core/context.ts';
export { defaults } from './core/defaults.ts';
export { type CategoryTraits, type ErrorCategory, errorCategories } from './core/error-category.ts';
export { ErrorResponse } from './core/error-response.ts';
export { type EventLike, isContentEvent, type ProviderEvent, type RateLimitSnapshot, type StreamEvent } from './core/event.ts';
export type { BreakerMoment, BreakerReason, BreakerState, LifecycleEvent, Moment, MomentOfCall } from './core/lifecycle.ts';
export type { Capabilities, Decoder, ErrorDescription, ErrorFacts, Provider } from './core/provider.ts';
export {
  type Attempt,
  type Checkpoint,
  type ErrorInit,
  type ErrorPhase,
  type GaveUp,
  isProviderError,
  ProviderError,
  type PublicError,
  type TimeoutName,
} from './core/provider-error.ts';
export type { Message, Part, ResponseFormat, StreamRequest, ToolChoice, ToolDefinition } from './core/request.ts';
export type { FinishReason, StreamResult, ToolCall, Usage } from './core/stream-result.ts';
export type { HttpRequest, ResponseHead, SseMessage, Transport } from './core/transport.ts';
export { accumulate, result } from './operators/accumulate.ts';
export { backoff } from './operators/backoff.ts';
export { cancelOn } from './operators/cancel-on.ts';
export { checkpoint } from './operators/checkpoint.ts';
export { circuitBreaker } from './operators/circuit-breaker.ts';
export { type ClassifyConfig, classify, classifyErrors } from './operators/classify-errors.ts';
export type { ContentConfig } from './operators/content.ts';
export {
  type CircuitBreaker,
  type CircuitBreakers,
  type CircuitBreakersConfig,
  createCircuitBreaker,
  createCircuitBreakers,
  type KeyedBreakerChange,
} from './operators/create-circuit-breaker.ts';
export { type DecodeContext, decode } from './operators/decode.ts';
export { type HoldConfig, holdUntilContent } from './operators/hold-until-content.ts';
export { type StreamTimeoutConfig, streamTimeout } from './operators/stream-timeout.ts';
export { type TextDeltasConfig, textDeltas } from './operators/text-deltas.ts';
export { toAsyncIterable } from './operators/to-async-iterable.ts';
export { type ViewState, type ViewStateConfig, viewState } from './operators/view-state.ts';
export { type BackoffConfig, backoffDelay, type Jitter } from './policies/backoff.ts';
export type { Admission, BreakerChange, BreakerSnapshot, CircuitBreakerConfig, Permit } from './policies/circuit-breaker.ts';
export type { ClassificationConfig, Rule } from './policies/classification.ts';
export { type AnthropicOptions, anthropic } from './providers/anthropic.ts';
export { type OpenAIOptions, openai } from './providers/openai.ts';
export { type FetchTransportOptions, fetchTransport } from './transport/fetch-transport.ts';
