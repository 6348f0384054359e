import { ProviderError } from '../core/provider-error.ts';
import type { ToolCall } from '../core/stream-result.ts';
import { check, refusedBySchema, type SchemaResult } from './standard-schema.ts';
import type { Tool } from './tool.ts';

/** The input as a tool's schema made it, or what is wrong with it. */
export type CheckedInput = { readonly input: unknown; readonly error?: undefined } | { readonly error: ProviderError };

/** Asks a tool's schema about the arguments of a call. Fails never: a schema that throws refuses. */
export function checkInput(tool: Tool, { toolName, input }: ToolCall): CheckedInput | Promise<CheckedInput> {
  const told = (result: SchemaResult<unknown>): CheckedInput =>
    result.issues ? { error: refusedBySchema(result, [toolName]) } : { input: result.value };
  const result = check(tool.input, input);
  return result instanceof Promise ? result.then(told) : told(result);
}

/** The error of a call of a tool that is not there. */
export function unknownTool(toolName: string): ProviderError {
  const reason = `the model called a tool that is not there: ${JSON.stringify(toolName.slice(0, 80))}`;
  return new ProviderError({ category: 'invalid-output', code: 'unknown-tool', phase: 'streaming', reason });
}
