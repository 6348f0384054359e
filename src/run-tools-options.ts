import type { Observable } from 'rxjs';
import * as z from 'zod';
import type { StreamOptions } from './client-options.ts';
import { defaults } from './core/defaults.ts';
import { count, limit, milliseconds, parseOptions } from './core/options.ts';
import type { Message } from './core/request.ts';
import { type ToolSet, toolSetSchema } from './operators/tool.ts';

/** The tools of a run, its limits, and what is said of each of its calls of the client. */
export interface RunToolsConfig extends StreamOptions {
  /** By the names under which the model knows them. */
  readonly tools: ToolSet;
  /** Turns of the model, from 1. Default: 8. */
  readonly maxSteps?: number | undefined;
  /** Tools that run at once, from 1. Default: 8. */
  readonly maxConcurrent?: number | undefined;
  /** How long one call of a tool may take, in milliseconds; `Infinity` is no limit. Default: 120,000. */
  readonly toolTimeout?: number | undefined;
  /** An output longer than this, as JSON, counts as a failure of its tool. From 1; `Infinity` is no limit. Default: 1,048,576. */
  readonly maxOutputCharacters?: number | undefined;
  /**
   * What becomes of a call that fails: because the tool throws, takes too long or gives what JSON cannot hold, because its schema refuses
   * the input, or because there is no such tool. `report` tells the model, which may do better; `fail` raises it. Default: `report`.
   */
  readonly onToolError?: 'report' | 'fail' | undefined;
  /** Messages that come while the run goes on; subscribed to for as long. Their failure is the run's, their completion is not its end. */
  readonly messages$?: Observable<Message> | undefined;
}

const { maxSteps, maxConcurrent, timeout, maxOutput } = defaults.tools;

const schema = z.looseObject(
  {
    tools: toolSetSchema,
    maxSteps: count(1, 1_000).default(maxSteps),
    maxConcurrent: limit(1).default(maxConcurrent),
    toolTimeout: milliseconds(1).default(timeout),
    maxOutputCharacters: limit(1).default(maxOutput),
    onToolError: z.enum(['report', 'fail'], { error: 'must be report or fail' }).default('report'),
    messages$: z
      .custom<Observable<Message>>((value) => typeof (value as Observable<Message> | null)?.pipe === 'function', {
        error: 'must be an Observable',
      })
      .optional(),
  },
  { error: 'must be the options of a run' },
);

/** The options of a run with every default in place, and apart from them those of the client's calls, which the client checks. */
export function parseRunToolsConfig(config: RunToolsConfig) {
  const own = parseOptions('runTools', schema, config);
  const { tools, maxSteps, maxConcurrent, toolTimeout, maxOutputCharacters, onToolError, messages$, ...options } = config;
  return { own: { ...own, tools }, options: options satisfies StreamOptions };
}
