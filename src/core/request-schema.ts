import * as z from 'zod';
import { count, explainIssue, within } from './options.ts';
import { ProviderError } from './provider-error.ts';
import type { StreamRequest } from './request.ts';

const text = z.string({ error: 'must be a string' });
const filled = z.custom<string>((value) => typeof value === 'string' && value.trim() !== '', { error: 'must be a text that is not empty' });
const object = z.record(z.string(), z.unknown(), { error: 'must be an object' });

const providerMetadata = z.record(z.string(), object, { error: 'must be an object of objects' }).optional();
const bytes = z.custom<Uint8Array | string>((value) => value instanceof Uint8Array || (typeof value === 'string' && value !== ''), {
  error: 'must be bytes (a Uint8Array) or base64',
});

const image = z
  .strictObject({ type: z.literal('image'), url: filled.optional(), data: bytes.optional(), mediaType: filled.optional() })
  .refine(
    ({ url, data, mediaType }) => (url === undefined) !== (data === undefined) && (data === undefined) === (mediaType === undefined),
    {
      path: ['url'],
      error: 'must be an address, or data and mediaType must be there',
    },
  );

const part = z.discriminatedUnion(
  'type',
  [
    z.strictObject({ type: z.literal('text'), text, providerMetadata }),
    image,
    z.strictObject({ type: z.literal('reasoning'), text, providerMetadata }),
    z.strictObject({ type: z.literal('tool-call'), toolCallId: filled, toolName: filled, input: z.unknown(), providerMetadata }),
    z.strictObject({
      type: z.literal('tool-result'),
      toolCallId: filled,
      toolName: filled,
      output: z.unknown(),
      isError: z.boolean({ error: 'must be true or false' }).optional(),
    }),
    z.strictObject({ type: z.literal('provider-item'), format: filled, item: object }),
  ],
  { error: 'must be one of text, image, reasoning, tool-call, tool-result, provider-item' },
);

const message = z.strictObject(
  {
    role: z.enum(['system', 'user', 'assistant', 'tool'], { error: 'must be one of system, user, assistant, tool' }),
    content: z.union([z.string(), z.array(part)], { error: 'must be a string or an array of parts' }),
  },
  { error: 'must be a message' },
);

const tool = z.strictObject({ name: filled, description: text.optional(), inputSchema: object });

const responseFormat = z.discriminatedUnion(
  'type',
  [
    z.strictObject({ type: z.literal('text') }),
    z.strictObject({ type: z.literal('json') }),
    z.strictObject({ type: z.literal('json-schema'), name: filled, schema: object }),
  ],
  { error: 'must be one of text, json, json-schema' },
);

const schema = z.strictObject(
  {
    model: filled,
    messages: z.array(message, { error: 'must be an array of messages' }),
    tools: z.array(tool, { error: 'must be an array of tools' }).optional(),
    toolChoice: z
      .union([z.enum(['auto', 'none', 'required']), z.strictObject({ toolName: filled })], {
        error: 'must be auto, none, required or { toolName }',
      })
      .optional(),
    temperature: within(0, 2).optional(),
    maxOutputTokens: count(1).optional(),
    stop: z.array(text, { error: 'must be an array of strings' }).optional(),
    seed: count(Number.MIN_SAFE_INTEGER).optional(),
    reasoningEffort: z
      .enum(['none', 'minimal', 'low', 'medium', 'high'], { error: 'must be one of none, minimal, low, medium, high' })
      .optional(),
    responseFormat: responseFormat.optional(),
    metadata: z.record(z.string(), text, { error: 'must be an object of strings' }).optional(),
    providerOptions: z.record(z.string(), object, { error: 'must be an object of objects' }).optional(),
    rawBody: object.optional(),
  },
  { error: 'must be a request' },
) satisfies z.ZodType<Omit<StreamRequest, 'messages'>>;

/** What is wrong with a request, as an `invalid-request` that names the field; `undefined` if nothing is. */
export function invalidRequest(request: StreamRequest): ProviderError | undefined {
  try {
    const parsed = schema.safeParse(request);
    if (!parsed.success) return invalid(explainIssue(parsed.error.issues, request));
    const isEmpty = request.messages.length === 0 && request.rawBody === undefined;
    return isEmpty ? invalid('messages must hold at least one message, got an empty array') : undefined;
  } catch (cause) {
    return invalid('the request cannot be read', cause);
  }
}

function invalid(reason: string, cause?: unknown): ProviderError {
  return new ProviderError({ category: 'invalid-request', phase: 'local', gaveUp: 'not-retryable', reason, cause });
}
