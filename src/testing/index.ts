export { type FakeAttempt, type FakeProvider, fakeProvider } from './fake-provider.ts';
export * from './fault-server.ts';
export { failure, finish, reasoning, start, text, toolCall } from './fixtures.ts';
export { loadMarbles, type Marble, type MarbleOptions } from './marbles/index.ts';
export {
  type ConformanceCheck,
  type ConformanceError,
  type ConformanceOptions,
  type ConformanceStream,
  type ExpectedAnswer,
  providerConformance,
} from './provider-conformance.ts';
