import { classify } from './classify.ts';
import { completeError, type ErrorInit, ProviderError } from './core/provider-error.ts';
import type { ToolLoop } from './policies/tool-loop.ts';

/**
 * The error of a run, from what was raised in one of its turns or tools: with what all turns have said. Once something was said, it is
 * one of the streaming, wherever the last request was: to run it again would run its tools again.
 */
export function runError(thrown: unknown, loop: ToolLoop | undefined, requestId: string): ProviderError {
  const error = completeError(classify(thrown), { requestId, ...loop?.target });
  const partial = loop?.partial(error.partial);
  if (!partial) return error;
  const { name: _name, message: _message, ...init } = error.toJSON() as ErrorInit & Error;
  const { checkpoint, cause } = error;
  return new ProviderError({ ...init, phase: 'streaming', partial, ...(checkpoint && { checkpoint }), cause });
}
