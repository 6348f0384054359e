/** The parts that a {@link StreamStore} is made of, for those who write one: `steadystream/store`. */
export { currentFlowGate, FlowGate, withFlowGate } from '../core/flow-gate.ts';
export { beginningCursor, type CursorPosition, comparePositions, formatCursor, nowCursor, parseCursor } from './cursor.ts';
export { parseEvent, serializeEvent } from './event-json.ts';
export { type LogExtent, planRead, type ReadPlan } from './read-plan.ts';
export { snapshotEventOf, snapshotOf } from './snapshot-of.ts';
export {
  cancelledOutcome,
  errorOfOutcome,
  interruptedOutcome,
  invalidCursor,
  producerLost,
  producerLostCode,
  replayGap,
  storeFull,
  streamLost,
  streamLostCode,
  streamNotFound,
} from './store-errors.ts';
