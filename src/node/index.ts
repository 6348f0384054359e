/** Relays over Node's own HTTP server, and what is built on it: `steadystream/node`. */
export { type NodeHandler, toNodeHandler } from './to-node-handler.ts';
export { toWebRequest } from './to-web-request.ts';
export { writeEventStream } from './write-event-stream.ts';
