/** The parts that an endpoint of another wire than the relay's is made of: what a relay does with requests, readers and failures. */
export { callback, count, instance, parseOptions } from './core/options.ts';
export { bounded } from './recovery/persist.ts';
export { errorToResponse, refuse } from './relay/error-to-response.ts';
export { EventStreamBody } from './relay/event-stream-body.ts';
export type { EventStreamFraming } from './relay/event-stream-framing.ts';
export { eventStreamSchema, eventStreamShape } from './relay/event-stream-options.ts';
export { responseOf } from './relay/event-stream-response.ts';
export { isItemOfAnswer } from './relay/item-of-answer.ts';
export { publicError } from './relay/public-json.ts';
export { headerOf, readJson, refuseUnasked, UnreadableRequest } from './relay/read-request.ts';
export { accessOrResponse, isResponse } from './relay/relay-access.ts';
export { eventsOfSnapshot } from './relay/snapshot-events.ts';
export { WholeCharacters } from './relay/whole-characters.ts';
