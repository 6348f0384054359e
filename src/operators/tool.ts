import * as z from 'zod';
import { isObject, type JsonObject } from '../core/json-value.ts';
import { callback, parseOptions } from '../core/options.ts';
import type { Message, ToolDefinition } from '../core/request.ts';
import { type SchemaOutput, type StandardSchemaV1, schemaSchema } from './standard-schema.ts';

/** What a tool is told beside its input. */
export interface ToolContext {
  /** Aborted when nobody waits for the tool any more: the consumer has left, the run has failed, or the tool's time is over. */
  readonly signal: AbortSignal;
  readonly toolCallId: string;
  /** The conversation up to the call, with the answer that made it. */
  readonly messages: readonly Message[];
}

/** Something that the model may call. */
export interface Tool<S extends StandardSchemaV1 = StandardSchemaV1> {
  /** What it is for, in words for the model. */
  readonly description?: string | undefined;
  /** What its input must be: any Standard Schema. */
  readonly input: S;
  /** The JSON Schema that the model is shown. Default: what `input` says of itself, where it can (Standard JSON Schema). */
  readonly inputSchema?: Readonly<Record<string, unknown>> | undefined;
  /**
   * Does it. Returns the output, which JSON can hold, or a promise, an Observable or an async iterable, of which the last value is the
   * output; nothing is `null`. What it throws is told to the model. Left out for what runs elsewhere, or wants somebody's consent.
   */
  execute?(input: SchemaOutput<S>, context: ToolContext): unknown;
}

/** Tools by the names under which the model knows them. */
export type ToolSet = { readonly [toolName: string]: Tool };

/** A call of one of the tools, told apart by `toolName`; its input is what the tool's schema made of it. */
export type ToolCallOf<Tools extends ToolSet> = {
  readonly [Name in keyof Tools & string]: {
    readonly toolCallId: string;
    readonly toolName: Name;
    readonly input: SchemaOutput<Tools[Name]['input']>;
  };
}[keyof Tools & string];

const toolSchema = z.object(
  {
    description: z.string({ error: 'must be a string' }).optional(),
    input: schemaSchema,
    inputSchema: z.record(z.string(), z.unknown(), { error: 'must be an object' }).optional(),
    execute: callback<NonNullable<Tool['execute']>>().optional(),
  },
  { error: 'must be a tool' },
);

/** @internal The tools of an operator or a run, as an option. */
export const toolSetSchema = z.record(z.string(), toolSchema, { error: 'must be an object of tools' });

/**
 * Makes a tool: its input is checked, typed for `execute`, and described for the model, by one schema.
 *
 * @throws TypeError for a member that is out of range, and where neither the schema nor `inputSchema` can describe the input as JSON
 * Schema.
 *
 * @example
 * ```ts
 * const weather = tool({
 *   description: 'The weather of a city, now.',
 *   input: z.object({ city: z.string() }),
 *   execute: async ({ city }, { signal }) => (await fetch(`https://weather.example/${city}`, { signal })).json(),
 * });
 * ```
 */
export function tool<S extends StandardSchemaV1>(definition: Tool<S>): Tool<S> {
  parseOptions('tool', toolSchema, definition);
  return { ...definition, inputSchema: describeInput('tool', definition) };
}

/**
 * The tools as a request names them: for who streams, and runs the calls without `runTools`.
 *
 * @throws TypeError for what is no tool, and for a tool whose input cannot be described as JSON Schema; the message names it.
 *
 * @example
 * ```ts
 * client.stream({ ...request, tools: toolDefinitions(tools) }).pipe(toolCalls(tools));
 * ```
 */
export function toolDefinitions(tools: ToolSet): readonly ToolDefinition[] {
  parseOptions('toolDefinitions', z.object({ tools: toolSetSchema }), { tools });
  return defineTools('toolDefinitions', tools);
}

/** @internal The same for another function, by whose name the errors go. */
export function defineTools(name: string, tools: ToolSet): readonly ToolDefinition[] {
  return Object.entries(tools).map(([toolName, each]) => ({
    name: toolName,
    ...(each.description !== undefined && { description: each.description }),
    inputSchema: describeInput(`${name}: the tool ${toolName}`, each),
  }));
}

/** What a schema with Standard JSON Schema has beside `validate`. */
interface Describing {
  readonly jsonSchema?: { readonly input?: ((options: { readonly target: string }) => unknown) | undefined } | undefined;
}

function describeInput(subject: string, { input, inputSchema }: Tool): JsonObject {
  if (inputSchema) return inputSchema;
  const remedy = 'describe it with inputSchema, or use a schema that can say it as JSON Schema (zod from 4.2, arktype)';
  const { jsonSchema } = input['~standard'] as Describing;
  if (typeof jsonSchema?.input !== 'function') throw new TypeError(`${subject} has an input without JSON Schema: ${remedy}`);
  let described: unknown;
  try {
    described = jsonSchema.input({ target: 'draft-2020-12' });
  } catch (cause) {
    const reason = cause instanceof Error ? ` (${cause.message})` : '';
    throw new TypeError(`${subject} has an input that cannot be said as JSON Schema${reason}: ${remedy}`, { cause });
  }
  if (!isObject(described)) throw new TypeError(`${subject} has an input whose JSON Schema is not an object: ${remedy}`);
  // Which draft it is tells a model nothing, and some servers refuse it.
  const { $schema: _draft, ...schema } = described;
  return schema;
}
