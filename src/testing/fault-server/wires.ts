import { type AnthropicErrorContent, anthropicError, anthropicMessages } from './anthropic-wire.ts';
import type { AnswerContent, WireFormat, WireMessage } from './content.ts';
import { type GeminiErrorContent, geminiError, geminiMessages } from './gemini-wire.ts';
import { type OpenAIErrorContent, openaiError, openaiMessages } from './openai-wire.ts';
import { responsesError, responsesMessages } from './responses-wire.ts';

/** What an error inside a stream may say; each format takes what it knows. */
export type ErrorContent = OpenAIErrorContent & AnthropicErrorContent & GeminiErrorContent;

/** How the fault server speaks a wire format. */
interface Wire {
  readonly messages: (content: AnswerContent) => Iterable<WireMessage>;
  readonly error: (error?: ErrorContent) => string;
  /** A sign of life without content. */
  readonly ping: string;
  /** A message with broken JSON. */
  readonly malformed: string;
  /** The beginning of a message that never ends. */
  readonly endless: string;
  readonly requestIdHeader: string;
}

export const wires: Readonly<Record<WireFormat, Wire>> = {
  openai: {
    messages: openaiMessages,
    error: openaiError,
    ping: ': keep-alive\n\n',
    malformed: 'data: {"choices":[{"index":0,"delta":{"content":"x\n\n',
    endless: 'data: {"choices":[{"index":0,"delta":{"content":"',
    requestIdHeader: 'x-request-id',
  },
  'openai-responses': {
    messages: responsesMessages,
    error: responsesError,
    ping: ': keep-alive\n\n',
    malformed: 'event: response.output_text.delta\ndata: {"type":"response.output_text.delta","delta":"x\n\n',
    endless: 'event: response.output_text.delta\ndata: {"type":"response.output_text.delta","output_index":0,"content_index":0,"delta":"',
    requestIdHeader: 'x-request-id',
  },
  anthropic: {
    messages: anthropicMessages,
    error: anthropicError,
    ping: 'event: ping\ndata: {"type":"ping"}\n\n',
    malformed: 'event: content_block_delta\ndata: {"type":"content_block_delta","delta":{"text":"x\n\n',
    endless: 'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"',
    requestIdHeader: 'request-id',
  },
  gemini: {
    messages: geminiMessages,
    error: geminiError,
    ping: ': keep-alive\n\n',
    malformed: 'data: {"candidates":[{"index":0,"content":{"parts":[{"text":"x\n\n',
    endless: 'data: {"candidates":[{"index":0,"content":{"parts":[{"text":"',
    requestIdHeader: 'x-request-id',
  },
};

/** The format of a request, by its path. */
export function wireOf(path: string): WireFormat {
  if (/\/messages\/?(\?|$)/.test(path)) return 'anthropic';
  if (/\/responses\/?(\?|$)/.test(path)) return 'openai-responses';
  return path.includes('GenerateContent') || path.includes('generateContent') ? 'gemini' : 'openai';
}
