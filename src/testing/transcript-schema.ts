import * as z from 'zod';

const text = () => z.string({ error: 'must be a text' });
const object = { error: 'must be an object' };

function hasOneForm({ text, base64 }: { text?: string | undefined; base64?: string | undefined }): boolean {
  return (text === undefined) !== (base64 === undefined);
}

function isBase64(value: string): boolean {
  return value.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(value);
}

function areHeaders(value: unknown): boolean {
  try {
    new Headers(value as Record<string, string>);
    return true;
  } catch {
    return false;
  }
}

const chunk = z
  .strictObject(
    {
      at: z.number({ error: 'must be a number of milliseconds' }).min(0, { error: 'must not be negative' }),
      text: text().optional(),
      base64: text().refine(isBase64, { error: 'must be base64' }).optional(),
    },
    object,
  )
  .refine(hasOneForm, { error: 'must have either text or base64' });

const chunks = z.array(chunk, { error: 'must be an array' }).superRefine((all, context) => {
  const late = all.findIndex(({ at }, index) => at < (all[index - 1]?.at ?? 0));
  if (late !== -1) context.addIssue({ code: 'custom', path: [late, 'at'], message: 'must not be before that of the chunk before' });
});

const response = z.strictObject(
  {
    status: z
      .int({ error: 'must be an HTTP status from 200 to 599' })
      .min(200, { error: 'must be an HTTP status from 200 to 599' })
      .max(599, { error: 'must be an HTTP status from 200 to 599' }),
    headers: z.record(z.string(), text(), object).refine(areHeaders, { error: 'must be headers that HTTP allows' }),
    chunks,
    end: z.enum(['close', 'reset', 'stall'], { error: "must be 'close', 'reset' or 'stall'" }).optional(),
    truncated: z.literal(true, { error: 'must be true, or left out' }).optional(),
  },
  object,
);

const toolCall = z.strictObject({ toolCallId: text().optional(), toolName: text(), input: z.unknown() }, object);

const expectation = z.strictObject(
  {
    text: text().optional(),
    reasoning: text().optional(),
    refusal: text().optional(),
    toolCalls: z.array(toolCall, { error: 'must be an array' }).optional(),
    sources: z.array(text(), { error: 'must be an array' }).optional(),
    finishReason: text().optional(),
    rawFinishReason: text().optional(),
    usage: z.record(z.string(), z.unknown(), object).optional(),
    error: z.record(z.string(), z.unknown(), { error: 'must be an object or null' }).nullable().optional(),
  },
  object,
);

/** A transcript of {@link parseTranscript}. */
export const transcriptSchema = z.strictObject(
  {
    version: z.literal(1, { error: 'must be 1' }),
    name: text().min(1, { error: 'must not be empty' }),
    provider: text().min(1, { error: 'must not be empty' }),
    facts: z.array(text(), { error: 'must be an array' }).optional(),
    request: z.looseObject({}, object).optional(),
    response,
    expect: expectation.optional(),
  },
  object,
);
