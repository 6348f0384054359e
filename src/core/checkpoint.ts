import * as z from 'zod';
import type { StreamResult } from './stream-result.ts';

export { fingerprintOf } from './fingerprint.ts';

/** How far a stream has come: whom it asks, and what that provider calls the place. */
export interface StreamPosition {
  readonly provider: string;
  readonly model: string;
  /** Requests made so far. */
  readonly attempts: number;
  /** How far the answer had come in the provider's own numbering; where there is none, it can only be continued or begun anew. */
  readonly cursor?: string | undefined;
  /** Of the request that is asked, as a {@link Checkpoint} of it has it. */
  readonly fingerprint?: string | undefined;
  /** Whether what came last is text: neither a thought nor a call that may be half done. Only then can a new generation go on from it. */
  readonly endsInText?: boolean | undefined;
  /** Whether the provider goes on with the answer though nobody reads it, as a relay does from the request on: only `client.cancel` ends it. */
  readonly isKept?: boolean | undefined;
}

/**
 * Where a stream can be taken up again: what was delivered, and of what.
 *
 * Plain data, to be kept as JSON; its text is bounded as that of `error.partial` is. It goes into `stream(request, { from })` with the same request.
 */
export interface Checkpoint extends StreamPosition {
  readonly version: 1;
  readonly requestId: string;
  /** Of the request: another one cannot go on from here. */
  readonly fingerprint: string;
  /** What was delivered, and what it has cost. */
  readonly result: StreamResult;
}

const text = z.string({ error: 'must be a string' });
const count = z.number({ error: 'must be a number' });
const flag = z.boolean({ error: 'must be true or false' });

const part = z
  .object({ type: text, text: text.optional() }, { error: 'must be a part' })
  .refine(({ type, text: said }) => said !== undefined || (type !== 'text' && type !== 'reasoning'), {
    path: ['text'],
    error: 'must be a string',
  });

const message = z.object(
  { role: text, content: z.union([z.string(), z.array(part)], { error: 'must be a string or an array of parts' }) },
  { error: 'must be a message' },
);

/** What a checkpoint must be that comes back from wherever it was kept. */
export const checkpointSchema = z.object(
  {
    version: z.literal(1, { error: 'must be 1, the version that this library writes' }),
    requestId: text,
    fingerprint: text,
    provider: text,
    model: text,
    attempts: count,
    result: z.object(
      {
        text,
        reasoning: text,
        refusal: text.optional(),
        toolCalls: z.array(z.object({ toolCallId: text, toolName: text }, { error: 'must be a tool call' }), {
          error: 'must be an array of tool calls',
        }),
        messages: z.array(message, { error: 'must be an array of messages' }),
        usage: z.object({ inputTokens: count, outputTokens: count, totalTokens: count }, { error: 'must be a usage' }),
        truncated: flag.optional(),
      },
      { error: 'must be a result' },
    ),
    cursor: text.optional(),
    endsInText: flag.optional(),
  },
  { error: 'must be a checkpoint, as error.checkpoint is one' },
);
