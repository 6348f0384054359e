import { Buffer } from 'node:buffer';
import type { ErrorCategory, FinishReason, StreamRequest, Usage } from '../index.ts';
import { check } from './check.ts';
import { transcriptSchema } from './transcript-schema.ts';

/** Bytes of a body that came together, `at` so many milliseconds after the head: as text, or in base64 where they are no whole characters. */
export type TranscriptChunk =
  | { readonly at: number; readonly text: string; readonly base64?: undefined }
  | { readonly at: number; readonly base64: string; readonly text?: undefined };

/** What a provider said to one request. */
export interface TranscriptResponse {
  /** The HTTP status, from 200 to 599. */
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** In order. An empty one at the end is the time of the end. */
  readonly chunks: readonly TranscriptChunk[];
  /** The body ended (`close`), the connection broke (`reset`), or nothing more came or was waited for (`stall`). Default: `close`. */
  readonly end?: 'close' | 'reset' | 'stall' | undefined;
  /** Set where a recording left bytes out at the end, because of its limit. */
  readonly truncated?: true | undefined;
}

/** What an answer must come to. What is left out is not looked at, save an error: none is expected. */
export interface TranscriptExpectation {
  readonly text?: string | undefined;
  readonly reasoning?: string | undefined;
  readonly refusal?: string | undefined;
  readonly toolCalls?:
    | readonly { readonly toolCallId?: string | undefined; readonly toolName: string; readonly input?: unknown }[]
    | undefined;
  /** The addresses. */
  readonly sources?: readonly string[] | undefined;
  readonly finishReason?: FinishReason | undefined;
  readonly rawFinishReason?: string | undefined;
  readonly usage?: Partial<Usage> | undefined;
  /** Members of the error, and of its category one or several; `null` for none, and of a member for one that is not set. */
  readonly error?:
    | ({ readonly category?: ErrorCategory | readonly ErrorCategory[] | undefined } & Readonly<Record<string, unknown>>)
    | null;
}

/** What a provider said, as plain JSON: recorded with {@link recordTranscript}, or written by hand. Holds nothing of what it was asked. */
export interface Transcript {
  readonly version: 1;
  /** In plain English. */
  readonly name: string;
  /** Whose wire format it is: `openai`, `anthropic`, `openai-responses`, `gemini`, `xai`, or `openai:groq` for a preset. */
  readonly provider: string;
  /** Facts that it shows, for a collection of them. */
  readonly facts?: readonly string[] | undefined;
  /** What to ask when it is replayed. Default: any request. */
  readonly request?: StreamRequest | undefined;
  readonly response: TranscriptResponse;
  /** What it must come to, in a collection of them. */
  readonly expect?: TranscriptExpectation | undefined;
}

/**
 * Reads a transcript: the text of a file, or what `JSON.parse` made of it.
 *
 * @throws TypeError for what is no transcript; the message names the member.
 *
 * @example
 * ```ts
 * const transcript = parseTranscript(readFileSync('incidents/cut-in-a-tool-call.json', 'utf8'));
 * ```
 */
export function parseTranscript(json: unknown): Transcript {
  return check('parseTranscript', transcriptSchema, typeof json === 'string' ? parsed(json) : json) as Transcript;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new TypeError('parseTranscript: the text is not JSON');
  }
}

/** The bytes of a chunk. */
export function bytesOf(chunk: TranscriptChunk): Uint8Array {
  return chunk.text === undefined ? Buffer.from(chunk.base64, 'base64') : Buffer.from(chunk.text);
}
