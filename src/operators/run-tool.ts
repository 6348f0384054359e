import {
  catchError,
  defaultIfEmpty,
  defer,
  EMPTY,
  from,
  map,
  mergeMap,
  Observable,
  type ObservableInput,
  of,
  takeLast,
  throwError,
  timeout,
} from 'rxjs';
import { defaults } from '../core/defaults.ts';
import { isProviderError, ProviderError } from '../core/provider-error.ts';
import type { Message } from '../core/request.ts';
import { sanitize } from '../core/sanitize.ts';
import type { ToolCall } from '../core/stream-result.ts';
import type { ToolResult } from '../policies/tool-loop.ts';
import { fromAsyncIterable, fromReadableStream } from './from-async-iterable.ts';
import { OperatorSubscriber } from './operator-subscriber.ts';
import type { Tool } from './tool.ts';
import { checkInput, unknownTool } from './tool-input.ts';

/** How calls are run. */
export interface ToolRunning {
  readonly tools: ReadonlyMap<string, Tool>;
  /** Tools of the request, which somebody else runs. */
  readonly elsewhere: ReadonlySet<string>;
  readonly toolTimeout: number;
  readonly maxOutputCharacters: number;
  readonly onToolError: 'report' | 'fail';
}

/**
 * Runs a call once, and emits its result; emits nothing for a tool that is run elsewhere. Whatever goes wrong is a result too, unless it
 * is to fail. Unsubscribing aborts the tool.
 */
export function runTool(call: ToolCall, running: ToolRunning, messages: readonly Message[]): Observable<ToolResult> {
  const { toolCallId, toolName } = call;
  const { toolTimeout, maxOutputCharacters, onToolError } = running;
  const tool = running.tools.get(toolName);
  if (!tool && running.elsewhere.has(toolName)) return EMPTY;

  const output$ = defer(() => {
    if (!tool) throw unknown(toolName, [...running.tools.keys(), ...running.elsewhere]);
    const checked = checkInput(tool, call);
    return checked instanceof Promise ? checked : of(checked);
  }).pipe(
    mergeMap(({ input, error }: { readonly input?: unknown; readonly error?: ProviderError | undefined }) => {
      if (error) throw error;
      if (!tool?.execute) return EMPTY;
      return abortable((signal) => outputOf(tool.execute?.(input, { signal, toolCallId, messages }))).pipe(
        takeLast(1),
        defaultIfEmpty(undefined),
        map((output) => writable(output, maxOutputCharacters)),
      );
    }),
  );

  const timed$ =
    toolTimeout === Number.POSITIVE_INFINITY
      ? output$
      : output$.pipe(timeout({ first: toolTimeout, with: () => throwError(() => overdue(toolName, toolTimeout)) }));

  return timed$.pipe(
    map((output): ToolResult => ({ type: 'tool-result', toolCallId, toolName, output })),
    catchError((error: unknown): Observable<ToolResult> => {
      if (onToolError === 'fail') return throwError(() => error);
      return of({ type: 'tool-result', toolCallId, toolName, output: { error: wordsOf(error) }, isError: true });
    }),
  );
}

/** What `open` gives, with a signal that aborts when nobody waits for it any more, but not at its own end. */
function abortable<T>(open: (signal: AbortSignal) => Observable<T>): Observable<T> {
  return new Observable((subscriber) => {
    const controller = new AbortController();
    let hasEnded = false;
    subscriber.add(() => {
      if (!hasEnded) controller.abort();
    });
    defer(() => open(controller.signal)).subscribe(
      new OperatorSubscriber<T>(subscriber, {
        error: (error) => {
          hasEnded = true;
          subscriber.error(error);
        },
        complete: () => {
          hasEnded = true;
          subscriber.complete();
        },
      }),
    );
  });
}

/** What a tool returned, as an Observable. A text or an array is an output, although RxJS would take it for many values. */
function outputOf(returned: unknown): Observable<unknown> {
  if ((typeof returned !== 'object' && typeof returned !== 'function') || returned === null) return of(returned);
  const value = returned as Record<PropertyKey, unknown>;
  const has = (member: PropertyKey): boolean => typeof value[member] === 'function';
  // RxJS would leave these running after an unsubscribe.
  if (has(Symbol.asyncIterator)) return fromAsyncIterable(() => returned as AsyncIterable<unknown>);
  if (has('getReader')) return fromReadableStream(() => returned as ReadableStream<unknown>);
  const isObservable =
    has('subscribe') && (has('pipe') || has('@@observable') || (Symbol.observable !== undefined && has(Symbol.observable)));
  const isGenerator = has(Symbol.iterator) && has('next');
  return has('then') || isObservable || isGenerator ? from(returned as ObservableInput<unknown>) : of(returned);
}

/** @returns The output, if JSON can hold it. */
function writable(output: unknown, maxCharacters: number): unknown {
  if (output === undefined) return null;
  let written: string | undefined;
  try {
    written = JSON.stringify(output);
  } catch {}
  if (written === undefined) throw new TypeError('the output of the tool cannot be written as JSON');
  if (written.length > maxCharacters) throw new RangeError(`the output of the tool is longer than ${maxCharacters} characters`);
  return output;
}

function unknown(toolName: string, names: readonly string[]): ProviderError {
  const error = unknownTool(toolName);
  const { category, code, phase, reason } = error;
  return new ProviderError({ category, code, phase, reason, detail: `there is no tool of this name; there are: ${names.join(', ')}` });
}

function overdue(toolName: string, limit: number): ProviderError {
  const reason = `the tool ${toolName} took longer than ${limit} ms`;
  return new ProviderError({ category: 'timeout', code: 'tool-timeout', phase: 'streaming', reason });
}

/** What went wrong, as the model is told it: redacted, escaped, bounded. */
function wordsOf(error: unknown): string {
  let words: unknown = error;
  try {
    if (isProviderError(error)) words = error.detail ?? error.reason ?? error.message;
    else if (typeof error === 'object' && error !== null) words = (error as Partial<Error>).message;
  } catch {}
  return (typeof words === 'string' && sanitize(words, [], defaults.tools.maxErrorText)) || 'the tool failed';
}
