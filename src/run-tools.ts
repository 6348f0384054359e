import {
  catchError,
  concat,
  defer,
  EMPTY,
  from,
  ignoreElements,
  mergeMap,
  type Observable,
  of,
  repeat,
  takeUntil,
  tap,
  throwError,
} from 'rxjs';
import type { Client } from './client.ts';
import type { StreamOptions } from './client-options.ts';
import { defaults } from './core/defaults.ts';
import type { EventLike, StreamEvent } from './core/event.ts';
import { currentFlowGate } from './core/flow-gate.ts';
import { ProviderError } from './core/provider-error.ts';
import { randomId } from './core/random-id.ts';
import type { Message, StreamRequest } from './core/request.ts';
import { invalidRequest } from './core/request-schema.ts';
import { cancelOn } from './operators/cancel-on.ts';
import { inToolLoop } from './operators/in-tool-loop.ts';
import { runTool, type ToolRunning } from './operators/run-tool.ts';
import { streamTimeout } from './operators/stream-timeout.ts';
import { defineTools } from './operators/tool.ts';
import { ToolLoop } from './policies/tool-loop.ts';
import { runError } from './run-error.ts';
import { parseRunToolsConfig, type RunToolsConfig } from './run-tools-options.ts';

/**
 * Lets a model use tools until it has its answer: turn, calls, results, next turn, as one Observable. Cold; each subscription is a run.
 *
 * Emits the events of all turns with one `start` and one `finish`, and between them a `tool-result` for each call, as it is done; in the
 * conversation they stand in the order of the calls. A call is run once, after its turn has ended well, with others at the same time;
 * where the answer was cut (`length`, `content-filter`, `refusal`) none is. A `restart` in a later turn is followed by a `snapshot` of
 * what stays. All turns have one request id. Parts of later turns have the turn before their id: `2/text-0`.
 *
 * Where the provider paused its turn (Anthropic's `pause_turn`), the next one takes it up.
 *
 * Completes with the `finish` of the turn that calls no tool; of the last one (`maxSteps`), whose calls are not run; or of one with
 * calls of a tool without `execute`, or of the request's own `tools`: these are for the caller, the others' results are there. Its
 * `usage` is that of all turns. A forced `toolChoice` holds for the first turn.
 *
 * What comes by `messages$` is taken in before the next turn, behind the results, and emitted as `message`. Where the model was done
 * otherwise, another turn answers it; after `maxSteps` it is left.
 *
 * `signal`, `timeout`, `retry` and the others go to each turn; `timeout.total`, if given, holds over all of them. Unsubscribing, an error
 * and a timeout abort request and tools at once. Errors carry what all turns have said as `partial`, and what fails after content is not
 * repeated by a `retry(backoff())`: a tool that has run does not run again.
 *
 * @throws TypeError for an option that is unknown or out of range, and for a tool whose input cannot be described as JSON Schema.
 *
 * @example
 * ```ts
 * const tools = {
 *   weather: tool({ input: z.object({ city: z.string() }), execute: ({ city }, { signal }) => readWeather(city, signal) }),
 * };
 * runTools(client, { model, messages }, { tools, maxSteps: 5 }).pipe(textDeltas()).subscribe((text) => process.stdout.write(text));
 * ```
 *
 * @see [marbles/run-tools.md](../marbles/run-tools.md)
 */
export function runTools<E extends EventLike = never>(
  client: Client<E>,
  request: StreamRequest,
  config: RunToolsConfig,
): Observable<StreamEvent | E> {
  const { own, options } = parseRunToolsConfig(config);
  const definitions = defineTools('runTools', own.tools);
  // The client checks its own options: here, and not when somebody subscribes.
  client.stream(request, turnOptions(options, undefined, own.maxSteps));

  return defer(() => {
    const requestId = options.requestId ?? `req_${randomId()}`;
    const invalid = invalidRequest(request) ?? unusable(request);
    if (invalid) return throwError(() => runError(invalid, undefined, requestId));
    const { tools: given = [] } = request;
    const others = given.filter(({ name }) => !Object.hasOwn(own.tools, name));
    const running: ToolRunning = { ...own, tools: new Map(Object.entries(own.tools)), elsewhere: new Set(others.map(({ name }) => name)) };
    const loop = new ToolLoop({ ...request, tools: [...others, ...definitions] }, own.maxSteps);
    const arrived: Message[] = [];
    const flow = currentFlowGate();

    const turn$ = defer(() => client.stream(loop.begin(), turnOptions(options, requestId, loop.step)));
    const results$ = defer(() => {
      const calls = loop.end();
      const { messages } = loop;
      const run = (call: (typeof calls)[number], index: number) =>
        runTool(call, running, messages).pipe(tap((result) => loop.report(index, result)));
      return from(calls).pipe(mergeMap(run, own.maxConcurrent));
    });
    const close$ = defer(() => loop.close(() => arrived.splice(0)));

    return concat(turn$.pipe(inToolLoop(loop, flow)), results$, close$).pipe(
      repeat({ delay: () => (loop.isOver ? EMPTY : of(true)) }),
      takeUntil(collect(own.messages$, arrived)),
      streamTimeout({ total: options.timeout?.total }),
      cancelOn(options.signal),
      catchError((error: unknown) => (loop.isOver ? EMPTY : throwError(() => runError(error, loop, requestId)))),
    );
  });
}

/**
 * What the client is told of one turn. Two turns are two requests: with one key the second would get the answer of the first, and a checkpoint
 * is one of the first.
 */
function turnOptions({ idempotencyKey, from, ...each }: StreamOptions, requestId: string | undefined, step: number): StreamOptions {
  const options = { ...each, from: step === 1 ? from : undefined };
  const key = idempotencyKey === undefined || step === 1 ? idempotencyKey : `${idempotencyKey}-${step}`;
  // Once the run is subscribed to, its own signal ends it as a whole.
  return requestId === undefined ? { ...options, idempotencyKey: key } : { ...options, idempotencyKey: key, requestId, signal: undefined };
}

function unusable(request: StreamRequest): ProviderError | undefined {
  if (request.rawBody === undefined) return undefined;
  const reason = 'a rawBody cannot be run with tools: their results could not be put into it';
  return new ProviderError({ category: 'invalid-request', phase: 'local', gaveUp: 'not-retryable', reason });
}

/** Emits nothing; fails where the messages fail, or are too many. */
function collect(messages$: Observable<Message> | undefined, arrived: Message[]): Observable<never> {
  const { maxMessages } = defaults.tools;
  const add = (message: Message): void => {
    if (arrived.push(message) <= maxMessages) return;
    const reason = `more than ${maxMessages} messages wait for the next turn`;
    throw new ProviderError({ category: 'buffer-overflow', phase: 'local', reason });
  };
  return (messages$ ?? EMPTY).pipe(tap(add), ignoreElements());
}
