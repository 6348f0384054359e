import { isObject, type JsonObject } from '../core/json-value.ts';
import type { ReasoningEffort, StreamRequest, ToolChoice, ToolDefinition } from '../core/request.ts';
import { GeminiContents, systemInstructionOf } from './gemini-contents.ts';
import { invalidRequest, optionsFor, writeJson } from './request-content.ts';

/** What the API takes at most. */
const maxStops = 5;
/** From Gemini 3 on; its smallest models alone know less than `low`, and none can be kept from thinking. */
const levels = { none: 'low', minimal: 'low', low: 'low', medium: 'medium', high: 'high' } as const;
/** Of Gemini 2.5, as many as Google's own endpoint in OpenAI's format gives. */
const budgets = { none: 0, minimal: 1_024, low: 1_024, medium: 8_192, high: 24_576 } as const;
/** Gemini 2.5 Pro cannot be kept from thinking. */
const minProBudget = 128;

/** What all requests of a provider have in common. */
export interface GeminiBodyOptions {
  readonly includeThoughts?: boolean | undefined;
}

/** The path of a model: `models/` may stand before its name, or the name of another collection, as `tunedModels/`. */
export function geminiPath(model: string): string {
  const [, collection = 'models', name = model] = /^(models|tunedModels)\/(.+)$/s.exec(model) ?? [];
  try {
    return `/${collection}/${encodeURIComponent(name)}:streamGenerateContent?alt=sse`;
  } catch (error) {
    throw invalidRequest('model cannot be written in an address', error);
  }
}

/**
 * Writes the body of a request: ours, then the options of the request that are meant for this provider. What they have in `generationConfig`
 * is merged member by member into ours; of all else theirs takes the place of ours.
 */
export function writeGeminiBody(request: StreamRequest, name: string, options: GeminiBodyOptions): string {
  return writeJson(() => {
    if (request.rawBody !== undefined) return request.rawBody;
    const body = geminiBody(request, options);
    const [ofFormat, ofName] = optionsFor(request, 'gemini', name);
    const merged: JsonObject = { ...body, ...ofFormat, ...ofName };
    const configs = [body, ofFormat, ofName].map(({ generationConfig }) => generationConfig).filter(isObject);
    const { contents } = merged;
    if (Array.isArray(contents) && contents.length === 0) {
      throw invalidRequest('messages must hold something to answer: nothing is left of them beside the system messages');
    }
    const generationConfig = configs.length > 0 ? Object.assign({}, ...configs) : undefined;
    return { ...merged, generationConfig };
  });
}

/**
 * The body of `streamGenerateContent`.
 *
 * System messages move to `systemInstruction`, whatever their place. `metadata` has no counterpart and is left out: labels are Vertex's alone.
 */
function geminiBody(request: StreamRequest, options: GeminiBodyOptions): JsonObject {
  const tools = request.tools?.length ? request.tools : undefined;
  const generation = generationOf(request.model);
  return {
    systemInstruction: systemInstructionOf(request.messages),
    contents: new GeminiContents(request.messages, generation !== undefined && generation >= 3).read(),
    tools: tools && [{ functionDeclarations: tools.map(declarationOf) }],
    toolConfig: tools && request.toolChoice && { functionCallingConfig: callingConfigOf(request.toolChoice) },
    generationConfig: generationConfigOf(request, generation, options),
  };
}

function generationConfigOf(request: StreamRequest, generation: number | undefined, options: GeminiBodyOptions): JsonObject | undefined {
  const { stop, responseFormat: format } = request;
  if (stop !== undefined && stop.length > maxStops) throw invalidRequest(`stop must hold at most ${maxStops} texts for Gemini`);
  const isJson = format?.type === 'json' || format?.type === 'json-schema';
  const config = {
    temperature: request.temperature,
    maxOutputTokens: request.maxOutputTokens,
    stopSequences: stop?.length ? stop : undefined,
    seed: request.seed,
    responseMimeType: isJson ? 'application/json' : undefined,
    responseJsonSchema: format?.type === 'json-schema' ? format.schema : undefined,
    thinkingConfig: thinkingConfigOf(request, generation, options.includeThoughts),
  };
  return Object.values(config).some((value) => value !== undefined) ? config : undefined;
}

/** Models older than 2.5, and those that are no Gemini, refuse to be told how to think. */
function thinkingConfigOf(
  { model, reasoningEffort: effort }: StreamRequest,
  generation: number | undefined,
  includeThoughts: boolean | undefined,
): JsonObject | undefined {
  if (generation === undefined || generation < 2.5 || (effort === undefined && includeThoughts === undefined)) return undefined;
  return {
    ...(effort && (generation < 3 ? { thinkingBudget: budgetOf(effort, model) } : { thinkingLevel: levels[effort] })),
    includeThoughts,
  };
}

function budgetOf(effort: ReasoningEffort, model: string): number {
  return model.includes('-pro') ? Math.max(budgets[effort], minProBudget) : budgets[effort];
}

/** `2.5` of `gemini-2.5-flash`; one that has no number is the newest. */
function generationOf(model: string): number | undefined {
  const found = /(?:^|\/)gemini-(\d+(?:\.\d+)?)?/.exec(model);
  if (found === null) return undefined;
  return found[1] === undefined ? Number.POSITIVE_INFINITY : Number(found[1]);
}

/** As JSON Schema, not in the API's own older dialect: what users have is JSON Schema. A schema of nothing is no parameters. */
function declarationOf({ name, description, inputSchema }: ToolDefinition): object {
  const isEmpty = isObject(inputSchema) && Object.keys(inputSchema).length === 0;
  return { name, description, parametersJsonSchema: isEmpty ? undefined : inputSchema };
}

function callingConfigOf(choice: ToolChoice): object {
  if (typeof choice !== 'string') return { mode: 'ANY', allowedFunctionNames: [choice.toolName] };
  return { mode: choice === 'required' ? 'ANY' : choice.toUpperCase() };
}
