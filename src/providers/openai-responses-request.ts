import { isObject, type JsonObject } from '../core/json-value.ts';
import type { ResponseFormat, StreamRequest, ToolChoice } from '../core/request.ts';
import { inputOf } from './openai-responses-input.ts';
import { responsesFormat } from './openai-responses-item.ts';
import { invalidRequest, optionsFor, writeJson } from './request-content.ts';

/** What the provider was made with. */
export interface ResponsesSettings {
  readonly name: string;
  readonly store: boolean | undefined;
  readonly reasoningSummary: string | undefined;
  /** Whether it goes to OpenAI itself, whose newer members other servers refuse. */
  readonly isOpenAI: boolean;
}

const encryptedReasoning = 'reasoning.encrypted_content';

/** Writes the body of a request. Throws an `invalid-request` for what the API cannot do. */
export function writeResponsesBody(request: StreamRequest, settings: ResponsesSettings): string {
  return writeJson(() => request.rawBody ?? bodyOf(request, settings));
}

function bodyOf(request: StreamRequest, settings: ResponsesSettings): object {
  const { name, reasoningSummary: summary, isOpenAI } = settings;
  if (request.stop?.length) throw invalidRequest(`${name} does not support stop`);
  const [ofFormat, ofName] = optionsFor(request, responsesFormat, name);
  const options: JsonObject = { ...request.providerOptions?.openai, ...ofFormat, ...ofName };
  const store = options.store ?? settings.store;
  const { toolChoice, reasoningEffort: effort, responseFormat } = request;
  const tools = [...(request.tools ?? []).map(toolOf), ...listOf(options.tools)];
  return {
    model: request.model,
    input: inputOf(request.messages, store !== false),
    tool_choice: tools.length > 0 && toolChoice ? toolChoiceOf(toolChoice) : undefined,
    temperature: request.temperature,
    max_output_tokens: request.maxOutputTokens,
    metadata: request.metadata,
    stream_options: isOpenAI ? { include_obfuscation: false } : undefined,
    ...options,
    tools: tools.length > 0 ? tools : undefined,
    reasoning: membersOf({ effort, summary }, options.reasoning),
    text: membersOf({ format: responseFormat && formatOf(responseFormat) }, options.text),
    store,
    include: store === false ? [...new Set([...listOf(options.include), encryptedReasoning])] : options.include,
    // Not to be overridden: what is not a stream could not be read.
    stream: true,
  };
}

function toolOf({ name, description, inputSchema }: NonNullable<StreamRequest['tools']>[number]): object {
  // Left out, the API rewrites the schema to its strict form where it can.
  return { type: 'function', name, description, parameters: inputSchema, strict: false };
}

function toolChoiceOf(choice: ToolChoice): unknown {
  return typeof choice === 'string' ? choice : { type: 'function', name: choice.toolName };
}

function formatOf(format: ResponseFormat): object {
  if (format.type === 'text') return { type: 'text' };
  if (format.type === 'json') return { type: 'json_object' };
  return { type: 'json_schema', name: format.name, schema: format.schema, strict: true };
}

/** Ours and the user's, who has the last word; `undefined` where neither says anything. */
function membersOf(ours: JsonObject, theirs: unknown): unknown {
  if (theirs !== undefined && !isObject(theirs)) return theirs;
  const members = { ...ours, ...theirs };
  return Object.values(members).some((value) => value !== undefined) ? members : undefined;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
