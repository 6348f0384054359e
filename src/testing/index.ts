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
export { type RecordOptions, recordTranscript } from './record-transcript.ts';
export { type RecordingProxy, type RecordingProxyOptions, startRecordingProxy } from './recording-proxy.ts';
export { type ReplayOptions, replayFetch } from './replay-fetch.ts';
export { type ReplayProvider, replayProvider } from './replay-provider.ts';
export { type StoreConformanceOptions, streamStoreConformance } from './store-conformance.ts';
export {
  parseTranscript,
  type Transcript,
  type TranscriptChunk,
  type TranscriptExpectation,
  type TranscriptResponse,
} from './transcript.ts';
export { transcriptAnswer } from './transcript-answer.ts';
