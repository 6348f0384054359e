import { z } from 'zod';
import type { StreamRequest } from './request.ts';
import type { StreamResult } from './stream-result.ts';

/** How far a stream has come: whom it asks, and what that provider calls the place. */
export interface StreamPosition {
  readonly provider: string;
  readonly model: string;
  /** Requests made so far. */
  readonly attempts: number;
  /** How far the answer had come in the provider's own numbering; where there is none, it can only be continued or begun anew. */
  readonly cursor?: string | undefined;
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
        toolCalls: z.array(z.object({ toolCallId: text, toolName: text }), { error: 'must be an array of tool calls' }),
        messages: z.array(z.object({ role: text }), { error: 'must be an array of messages' }),
        usage: z.object({ inputTokens: count, outputTokens: count, totalTokens: count }, { error: 'must be a usage' }),
      },
      { error: 'must be a result' },
    ),
    cursor: text.optional(),
  },
  { error: 'must be a checkpoint, as error.checkpoint is one' },
);

/** A short name for what a request asks, the same whatever the order of its members. */
export function fingerprintOf(request: StreamRequest): string {
  const told = JSON.stringify(request, (_member, value: unknown) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)));
  });
  // FNV-1a, twice, from two beginnings.
  let low = 0x811c9dc5;
  let high = 0xcbf29ce4;
  for (let index = 0; index < told.length; index++) {
    const unit = told.charCodeAt(index);
    low = Math.imul(low ^ unit, 0x01000193);
    high = Math.imul(high ^ unit ^ (low >>> 13), 0x01000193);
  }
  return [low, high].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('');
}
