/**
 * A real HTTP server on loopback that speaks OpenAI Chat Completions and Anthropic Messages, and misbehaves as scripted.
 *
 * ```ts
 * const server = await startFaultServer([
 *   { status: 503, body: { error: { message: 'busy' } }, headers: { 'retry-after': '1' } },  // the first request
 *   { text: ['Hel', 'lo'], after: 1, fault: 'reset' },                                         // the second
 *   { text: 'Hello there', tokenDelay: 20 },                                                  // the third; a fourth gets a 500 that says so
 * ]);
 * server.url                     // for baseURL: http://127.0.0.1:<port>/v1
 * server.requests[0]?.body       // what it saw; .aborted, .closed, .ended, .bytesSent, .connection ...
 * await server.request(1)        // fulfils when the second request has arrived
 * server.script({ text: 'Hi' })  // from now on: one answer for all, a list, or (request, index) => answer
 * server.append({ status: 429 }) // one more at the end of the list
 * server.refuse(); await server.accept();  // down, and up again on the same port
 * await server.refusedUrl()      // an address that refuses connections until the server is closed
 * await server.close();
 * ```
 *
 * An {@link Answer} is good until the place `after`, where `fault` happens:
 *
 * | | |
 * |---|---|
 * | statuses, bodies | `{ status: 503 }`, `{ status: 502, body: '<html>...' }`, `{ status: 204 }`, `{ body: {...}, headers: { 'content-type': null } }`, `{ status: 307, headers: { location } }` |
 * | good answers | `{ text, reasoning, refusal, toolCalls, usage, finishReason, repeat, tokenDelay }`, or `{ events: openaiChunks(...) }` |
 * | no headers | `{ after: 'request', fault: 'reset' }`, also `'end'`, `'stall'`, `'endless-status-line'`, `'endless-headers'`; `{ headersDelay }`, `{ headersDrip }` |
 * | cut | `{ text, after: 2, fault: 'reset' }`, also `'end'` (clean), `'truncate'`, `'stall'` (with `heartbeat: 50`) |
 * | where | `after: 'request'`, `'headers'`, `0` (the preamble only), `2` deltas, `'deltas'`, `'finish-reason'` (no `[DONE]`), `'end'` |
 * | bad messages | `fault: 'error-event'`, `{ error: { type, message, code } }`, `'malformed'`, `'endless-line'`, `{ send: '...' }`; `['malformed', { wait: 50 }, 'reset']` |
 * | bytes | `split: 'byte'`, `split: 7`, `split: [3, 10]`, `lineEnding: '\r\n'`, `byteOrderMark`, `between: ': comment\n\n'`, `unterminated` |
 * | wrong lengths | `{ body: 'x', headers: { 'content-length': '100' } }` |
 * | firehose | `{ text: 'x', repeat: 1_000_000, split: 65_536 }`; see `bytesSent` |
 * | anything else | `{ raw: 'SSH-2.0\r\n' }` |
 *
 * @module
 */
import type { Answer, Script } from './fault-server/answer.ts';
import { AnswerList, scriptProblem } from './fault-server/answer-list.ts';
import { type Arrival, Listener } from './fault-server/listener.ts';
import { ConnectionLost, Outlet } from './fault-server/outlet.ts';
import { play } from './fault-server/play.ts';
import { type RecordedRequest, Recording } from './fault-server/recorded-request.ts';
import { type RefusedAddress, takeRefusedAddress } from './fault-server/refused-address.ts';

export type {
  Answer,
  AnswerOptions,
  BodyAnswer,
  Bytes,
  ChooseAnswer,
  HttpAnswerOptions,
  Place,
  RawAnswer,
  Script,
  Split,
  Step,
  StreamAnswer,
} from './fault-server/answer.ts';
export { type AnthropicErrorContent, anthropicError, anthropicEvents } from './fault-server/anthropic-wire.ts';
export type { AnswerContent, Fragments, ToolCallContent, UsageContent, WireFormat } from './fault-server/content.ts';
export { type GeminiErrorContent, geminiChunks, geminiError } from './fault-server/gemini-wire.ts';
export { type OpenAIErrorContent, openaiChunks, openaiError } from './fault-server/openai-wire.ts';
export type { Outcome, RecordedRequest } from './fault-server/recorded-request.ts';
export { responsesError, responsesEvents } from './fault-server/responses-wire.ts';

/** A running fault server. */
export interface FaultServer {
  /** The base URL for `openai({ baseURL })`, `openaiResponses`, `anthropic` and `gemini`. */
  readonly url: string;
  readonly port: number;
  /** What it saw, in order of arrival, once the body of the request was there; of very many the last 10,000. */
  readonly requests: readonly RecordedRequest[];
  /** How many answers of the list are left. */
  readonly remaining: number;
  /** The request with this index, from 0, as soon as it has arrived. Rejects when the server is closed before. */
  request(index: number): Promise<RecordedRequest>;
  /** Sets the answers to the requests from now on. Answers being played go on. */
  script(script: Script): void;
  /** Adds answers to the end of the list. The list comes before an answer or function that serves every request. */
  append(...answers: readonly Answer[]): void;
  /** Refuses new connections. Idle ones are closed; answers being played go on. */
  refuse(): void;
  /** Listens again after `refuse()`, on the same port. */
  accept(): Promise<void>;
  /** The base URL of an address that refuses connections for as long as this server is open. */
  refusedUrl(): Promise<string>;
  /** Closes the server and all its sockets. Never rejects. */
  close(): Promise<void>;
}

interface AwaitedRequest {
  readonly index: number;
  resolve(request: RecordedRequest): void;
  reject(reason: Error): void;
}

const maxRequests = 10_000;

/**
 * Starts a server on 127.0.0.1, on a free port, that answers as scripted. A request beyond the script gets a 500 that says so, and is recorded
 * with `scripted: false`.
 *
 * @example
 * ```ts
 * const server = await startFaultServer([{ status: 503 }, { text: 'Hello there' }]);
 * const client = createClient({ provider: openai({ apiKey: 'test', baseURL: server.url }) });
 * const text = await lastValueFrom(client.stream(request).pipe(textDeltas(), reduce((all, delta) => all + delta, '')));
 * expect(server.requests).toHaveLength(2);
 * await server.close();
 * ```
 */
export async function startFaultServer(script: Script = []): Promise<FaultServer> {
  const answers = new AnswerList(script);
  const requests: Recording[] = [];
  const awaited = new Set<AwaitedRequest>();
  const refused: RefusedAddress[] = [];
  let requestCount = 0;

  const listener = new Listener(async (arrival) => {
    const recording = record(arrival);
    const answer = await answers.next(recording);
    recording.wire = answer.wire ?? recording.wire;
    try {
      await playOver(arrival, answer, recording);
    } catch (error) {
      const { socket, outlet } = arrival.connection;
      if (error instanceof ConnectionLost || socket.destroyed) return;
      recording.problem = error;
      if (outlet?.started) {
        recording.end('cut');
        socket.resetAndDestroy();
      } else await playOver(arrival, scriptProblem(`cannot play this answer: ${String(error)}`), recording).catch(() => socket.destroy());
    }
  });
  await listener.accept();

  function record({ connection, message, text, receivedAt }: Arrival): Recording {
    const { method = '', url: path = '', headers } = message;
    const recording = new Recording({ index: requestCount++, connection: connection.number, method, path, headers, text, receivedAt });
    listener.record(recording, connection);
    requests.push(recording);
    if (requests.length > maxRequests) requests.shift();
    for (const each of awaited) {
      if (each.index === recording.index && awaited.delete(each)) each.resolve(recording);
    }
    return recording;
  }

  return {
    url: urlOf(listener.port),
    port: listener.port,
    requests,
    get remaining() {
      return answers.remaining;
    },
    request(index) {
      const arrived = requests.find((each) => each.index === index);
      if (arrived !== undefined) return Promise.resolve(arrived);
      const promise = new Promise<RecordedRequest>((resolve, reject) => {
        if (listener.closed) reject(new Error('The fault server is closed.'));
        else awaited.add({ index, resolve, reject });
      });
      // Whoever waits no longer when the server is closed has no use for an unhandled rejection.
      promise.catch(() => undefined);
      return promise;
    },
    script: (next) => answers.replace(next),
    append: (...more) => answers.append(more),
    refuse: () => listener.refuse(),
    accept: () => listener.accept(),
    async refusedUrl() {
      const address = await takeRefusedAddress();
      if (listener.closed) address.release();
      refused.push(address);
      return urlOf(address.port);
    },
    close() {
      for (const address of refused.splice(0)) address.release();
      for (const each of awaited) each.reject(new Error(`The fault server was closed before request ${each.index} arrived.`));
      awaited.clear();
      return listener.close('closed');
    },
  };
}

async function playOver({ connection, response }: Arrival, answer: Answer, recording: Recording): Promise<void> {
  if (connection.socket.destroyed) return;
  const outlet = new Outlet(response, connection.socket, recording, answer.split ?? 'message');
  connection.outlet = outlet;
  try {
    await play(answer, outlet, recording);
  } finally {
    outlet.close();
  }
}

function urlOf(port: number): string {
  return `http://127.0.0.1:${port}/v1`;
}
