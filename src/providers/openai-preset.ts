import * as z from 'zod';
import type { ReasoningEffort } from '../core/request.ts';
import type { ErrorVocabulary } from '../policies/error-vocabulary.ts';
import type { ThinkTagOptions } from '../policies/think-tags.ts';
import { nonEmpty } from './endpoint.ts';

/** What a request may ask for and a server may not have. */
export type OpenAIFeature =
  | 'seed'
  | 'metadata'
  | 'stop'
  | 'reasoningEffort'
  | 'toolChoice.required'
  | 'toolChoice.toolName'
  | 'responseFormat.json'
  | 'responseFormat.json-schema'
  | 'image'
  | 'image.url';

/**
 * How a server that speaks Chat Completions differs from the others: a record, an option of `openai()`. Every member but the name may be left out.
 *
 * @example
 * ```ts
 * const together: OpenAIPreset = { name: 'together', baseURL: 'https://api.together.xyz/v1', ignored: ['metadata'] };
 * const provider = openai({ preset: together, apiKey });
 * ```
 */
export interface OpenAIPreset {
  /** The provider's name, unless the options have one. */
  readonly name: string;
  /** Default: none, and the options must have one. */
  readonly baseURL?: string | undefined;
  /** The header of the key. Default: `authorization`, where `Bearer ` stands before it. */
  readonly keyHeader?: string | undefined;
  /** The member for the limit on output tokens. Default: `max_tokens`. */
  readonly maxTokens?: 'max_tokens' | 'max_completion_tokens' | undefined;
  /** The member for the seed. Default: `seed`. */
  readonly seed?: string | undefined;
  /** The word for a model that must call a tool. Default: `required`. */
  readonly requiredToolChoice?: string | undefined;
  /** `stream_options`; `false` for a server that does not know them. Default: `{ include_usage: true }`. */
  readonly streamOptions?: Readonly<Record<string, unknown>> | false | undefined;
  /** The members of the body for each effort. Default: `reasoning_effort` with the word itself. */
  readonly reasoningEffort?: Readonly<Record<ReasoningEffort, Readonly<Record<string, unknown>>>> | undefined;
  /** The member that carries reasoning back, in turns in which tools were called. Default: none, and reasoning does not go back. */
  readonly reasoning?: 'reasoning_content' | 'reasoning' | undefined;
  /** Members of an answer that go back as they came. Default: none. */
  readonly sendBack?: readonly ('reasoning_details' | 'extra_content')[] | undefined;
  /** What is added to an assistant's message that stands last, and to the body, so that the model goes on from it. Default: nothing; it is asked to. */
  readonly prefill?:
    | { readonly message?: Readonly<Record<string, unknown>>; readonly body?: Readonly<Record<string, unknown>> }
    | undefined;
  /** Whether the ids of tool calls must have nine letters or digits; others are then sent as such, the same each time. Default: false. */
  readonly nineLetterIds?: boolean | undefined;
  /** Whether, and how, reasoning is split out of the text. Default: true, at `<think>` and `</think>`, at the beginning of the text. */
  readonly thinkTags?: boolean | ThinkTagOptions | undefined;
  /** What the server cannot do: a request for it is an `invalid-request` that names the field, and nothing is sent. Default: nothing. */
  readonly unsupported?: readonly OpenAIFeature[] | undefined;
  /** What is left out of the body without an error, for it does not change what an answer means. Default: nothing. */
  readonly ignored?: readonly ('seed' | 'metadata')[] | undefined;
  /** How the server speaks of its errors, where it means something else than the others by the same word. Default: as OpenAI does, then as all others do. */
  readonly errors?: ErrorVocabulary | undefined;
}

const text = nonEmpty();
const flag = z.boolean({ error: 'must be true or false' });
const object = z.record(z.string(), z.unknown(), { error: 'must be an object' });
const tag = z.string({ error: 'must be a string' }).min(1, 'must not be empty').max(64, 'must have at most 64 characters');
const features = [
  'seed',
  'metadata',
  'stop',
  'reasoningEffort',
  'toolChoice.required',
  'toolChoice.toolName',
  'responseFormat.json',
  'responseFormat.json-schema',
  'image',
  'image.url',
] as const satisfies readonly OpenAIFeature[];

/** The check of the option `thinkTags`. */
export const thinkTagsSchema = z
  .union(
    [
      flag,
      z.strictObject({
        opening: tag.optional(),
        closing: tag.optional(),
        startsInside: flag.optional(),
        anywhere: flag.optional(),
      }),
    ],
    { error: 'must be true, false, or the tags' },
  )
  .optional();

/** The check of a preset; its address is checked where the endpoint is made, which takes care that no secret is told. */
export const presetSchema = z.strictObject(
  {
    name: text,
    baseURL: z.unknown().optional(),
    keyHeader: z
      .string({ error: 'must be the name of a header' })
      .regex(/^[\w-]+$/, 'must be the name of a header')
      .optional(),
    maxTokens: z.enum(['max_tokens', 'max_completion_tokens'], { error: 'must be max_tokens or max_completion_tokens' }).optional(),
    seed: text.optional(),
    requiredToolChoice: text.optional(),
    streamOptions: z.union([z.literal(false), object], { error: 'must be an object or false' }).optional(),
    reasoningEffort: z
      .strictObject({ none: object, minimal: object, low: object, medium: object, high: object }, { error: 'must be an object' })
      .optional(),
    reasoning: z.enum(['reasoning_content', 'reasoning'], { error: 'must be reasoning_content or reasoning' }).optional(),
    sendBack: listOf(['reasoning_details', 'extra_content']),
    prefill: z.strictObject({ message: object.optional(), body: object.optional() }, { error: 'must be { message, body }' }).optional(),
    nineLetterIds: flag.optional(),
    thinkTags: thinkTagsSchema,
    unsupported: listOf(features),
    ignored: listOf(['seed', 'metadata']),
    errors: object.optional(),
  },
  { error: 'must be a preset' },
);

function listOf<const Word extends string>(words: readonly Word[]) {
  const error = `must be a list of ${words.join(', ')}`;
  return z.array(z.enum(words, { error }), { error }).optional();
}

/** OpenAI itself. Obfuscation, which it would add, pads every chunk with noise of another length. */
export const openaiItself: OpenAIPreset = {
  name: 'openai',
  maxTokens: 'max_completion_tokens',
  streamOptions: { include_usage: true, include_obfuscation: false },
};

/** A server of which nothing but its address is known. */
export const anyServer: OpenAIPreset = { name: 'openai', sendBack: ['reasoning_details', 'extra_content'] };
