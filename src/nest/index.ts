/** Streams that survive, in an application of Nest, over Express or Fastify: `steadystream/nest`. */
export { ProviderErrorFilter } from './provider-error-filter.ts';
export { createRelayEndpoint, type RelayEndpoint, type RelayEndpointOptions } from './relay-endpoint.ts';
export { SteadyStream } from './steady-stream.ts';
export { SteadyStreamModule, type SteadyStreamModuleAsyncOptions, type SteadyStreamModuleOptions } from './steady-stream-module.ts';
export type { SteadyStreamOptions } from './steady-stream-options.ts';
export { type NodeRequest, type NodeResponse, Reader, StreamReader } from './stream-reader.ts';
export { type RefusalBody, retryAfterOf, toHttpException } from './to-http-exception.ts';
export { type MessageEventsOptions, toMessageEvents } from './to-message-events.ts';
