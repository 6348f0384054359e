import { Observable, type OperatorFunction, of } from 'rxjs';
import * as z from 'zod';
import type { EventLike, StreamEvent } from '../core/event.ts';
import { parseOptions } from '../core/options.ts';
import { ProviderError } from '../core/provider-error.ts';
import type { ToolCall } from '../core/stream-result.ts';
import { boundedConcatMap } from './bounded-concat-map.ts';
import { JsonAnswer } from './json-answer.ts';
import { OperatorSubscriber } from './operator-subscriber.ts';
import { type ToolCallOf, type ToolSet, toolSetSchema } from './tool.ts';
import { type CheckedInput, checkInput, unknownTool } from './tool-input.ts';

/** What `toolCalls` does with calls that turn out to be void. */
export interface ToolCallsConfig {
  /** When a `restart` makes calls void that were emitted: raise the restart's error, or emit the new ones too. Default: `error`. */
  readonly onRestart?: 'error' | 'ignore' | undefined;
}

const schema = z.strictObject({
  onRestart: z.enum(['error', 'ignore'], { error: 'must be error or ignore' }).default('error'),
});

/** A call that was not checked yet. */
interface Unchecked {
  readonly call: ToolCall;
  /** Tells an error which answer it is about. */
  readonly complete: (error: ProviderError) => ProviderError;
}

/**
 * The tool calls of a stream, with the input checked and typed by each tool's schema.
 *
 * Emits each call as soon as it is whole, in order, also where a schema is asynchronous, and completes with the source: to run calls
 * only of an answer that has ended well, wait for that (`toArray`), or let `runTools` do it. Calls that the provider runs itself are
 * emitted too.
 *
 * Raises `invalid-output` for an input that the schema refuses (the message names the tool and the path, `weather.city: …`;
 * `error.code` is `schema`) and for a tool that is not there (`unknown-tool`). After a `restart` that follows a call, raises the
 * restart's error. A `snapshot` adds what is missing; one that contradicts the calls so far is raised as `replay-gap`. Fails with the
 * source.
 *
 * @throws TypeError for what is no tool, and for an option that is unknown or out of range.
 *
 * @example
 * ```ts
 * const tools = { weather: tool({ input: z.object({ city: z.string() }) }) };
 * client.stream({ ...request, tools: toolDefinitions(tools) }).pipe(toolCalls(tools)).subscribe((call) => {
 *   if (call.toolName === 'weather') console.log(call.input.city);
 * });
 * ```
 *
 * @see [marbles/tool-calls.md](../../marbles/tool-calls.md)
 */
export function toolCalls<Tools extends ToolSet>(
  tools: Tools,
  config: ToolCallsConfig = {},
): OperatorFunction<EventLike, ToolCallOf<Tools>> {
  parseOptions('toolCalls', z.object({ tools: toolSetSchema }), { tools });
  const { onRestart } = parseOptions('toolCalls', schema, config);
  const known = new Map(Object.entries(tools));

  const typed = ({ call, complete }: Unchecked) => {
    const { toolCallId, toolName } = call;
    const accept = (result: CheckedInput): ToolCallOf<Tools> => {
      if (result.error) throw complete(result.error);
      return { toolCallId, toolName, input: result.input } as ToolCallOf<Tools>;
    };
    const tool = known.get(toolName);
    if (!tool) throw complete(unknownTool(toolName));
    const result = checkInput(tool, call);
    return result instanceof Promise ? result.then(accept) : of(accept(result));
  };
  return (source) => source.pipe(uncheckedCalls(onRestart), boundedConcatMap(typed));
}

function uncheckedCalls(onRestart: 'error' | 'ignore'): OperatorFunction<EventLike, Unchecked> {
  return (source) =>
    new Observable((subscriber) => {
      const answer = new JsonAnswer();
      const complete = (error: ProviderError): ProviderError => answer.complete(error);
      let emitted: string[] = [];
      const emit = (call: ToolCall): void => {
        emitted.push(call.toolCallId);
        subscriber.next({ call, complete });
      };
      const extend = (calls: readonly ToolCall[]): void => {
        if (emitted.some((toolCallId, index) => calls[index]?.toolCallId !== toolCallId)) {
          throw new ProviderError({ category: 'replay-gap', reason: 'a snapshot contradicts the tool calls so far' });
        }
        for (const call of calls.slice(emitted.length)) emit(call);
      };
      source.subscribe(
        new OperatorSubscriber<EventLike>(subscriber, {
          next: (value) => {
            const event = value as StreamEvent;
            answer.add(event);
            if (event.type === 'tool-call') emit(event);
            else if (event.type === 'snapshot') extend(event.result.toolCalls);
            else if (event.type === 'restart') {
              if (emitted.length > 0 && onRestart === 'error') throw event.error;
              emitted = [];
            }
          },
        }),
      );
    });
}
