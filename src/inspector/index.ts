/** A page that shows what happens to streams, live or from a log: `steadystream/inspector`. For Node. */
export { type ChromeTrace, lanesToChromeTrace, type TraceEvent, toChromeTrace } from './chrome-trace.ts';
export type { InspectorOptions, RecordingOptions } from './inspector-options.ts';
export type {
  BreakerView,
  Lane,
  LaneAttempt,
  LaneLimits,
  LaneMark,
  LaneOutcome,
  LaneSample,
  Lanes,
  LaneTotals,
  LaneWait,
} from './lane.ts';
export { toMarbles } from './lane-marbles.ts';
export { noLanes, reduceLanes } from './lanes.ts';
export type {
  BreakerGauge,
  BudgetGauge,
  CooldownGauge,
  DroppedRecords,
  Gauges,
  LifecycleRecord,
  MomentRecord,
  RecordedAttempt,
  RecordedError,
} from './lifecycle-record.ts';
export type { LifecycleSource, ObservedClients } from './lifecycle-source.ts';
export { readLifecycle } from './read-lifecycle.ts';
export { type LifecycleRecording, recordLifecycle } from './record-lifecycle.ts';
export { type Inspector, startInspector } from './start-inspector.ts';
export { type RecordSettings, toLifecycleRecord } from './to-lifecycle-record.ts';
