import type { JsonObject } from '../core/json-value.ts';
import type { Decoder, Provider } from '../core/provider.ts';
import type { ResponseHead } from '../core/transport.ts';
import { anthropic } from '../providers/anthropic.ts';
import { gemini } from '../providers/gemini.ts';
import { openai } from '../providers/openai.ts';
import { openaiResponses } from '../providers/openai-responses.ts';

/** What a request asks for, and of whom. */
export interface AnswerForm {
  /** Whose trouble it is, if there is any: the key of breakers and cooldowns, and the name on errors. */
  readonly provider: string;
  readonly model: string;
  /**
   * - `messages`: a stream that is understood, message by message
   * - `bytes`: a stream in a format that nobody here knows
   * - `whole`: anything else, as JSON or a file
   */
  readonly kind: 'messages' | 'bytes' | 'whole';
  /** Reads the messages, and the errors; `undefined` where it is not known who could. */
  readonly reader: Provider | undefined;
}

const factories = { openai, 'openai-responses': openaiResponses, anthropic, gemini };

type Format = keyof typeof factories;

/** Made when the first request needs one. */
const readers = new Map<Format, Provider>();

function readerBy(format: Format): Provider {
  const reader = readers.get(format) ?? factories[format]();
  readers.set(format, reader);
  return reader;
}

const paths: readonly (readonly [RegExp, Format])[] = [
  [/\/chat\/completions\/?$/, 'openai'],
  [/\/responses(?:\/[^/]+)?\/?$/, 'openai-responses'],
  [/\/messages\/?$/, 'anthropic'],
  [/:streamRawPredict$/, 'anthropic'],
  [/:(?:streamG|g)enerateContent$/, 'gemini'],
];

const homes: Readonly<Record<string, Format>> = {
  'api.openai.com': 'openai',
  'api.anthropic.com': 'anthropic',
  'generativelanguage.googleapis.com': 'gemini',
};

/** What is asked for, told by the path of the request and what its body says; `named` is whom the caller named. */
export function answerFormOf(url: URL, json: JsonObject | undefined, named: Provider | undefined): AnswerForm {
  const format = paths.find(([path]) => path.test(url.pathname))?.[1];
  const reader = named ?? (format && readerBy(format));
  const streams =
    json?.stream === true ||
    (format === 'gemini' && url.searchParams.get('alt') === 'sse') ||
    (format === 'openai-responses' && url.searchParams.get('stream') === 'true');
  const home = homes[url.hostname];
  const provider = named?.name ?? (home && format === 'openai-responses' ? format : home) ?? url.host;
  return {
    provider,
    model: modelOf(url, json),
    kind: streams ? (reader ? 'messages' : 'bytes') : 'whole',
    reader: reader && readerOf(reader, provider, typeof json?.n === 'number' && json.n > 1, cursorIn(url)),
  };
}

/** Where a response is taken up that is read again: it does not begin with its beginning. */
function cursorIn({ pathname, searchParams }: URL): string | undefined {
  const id = /\/responses\/([^/]+)$/.exec(pathname)?.[1];
  const after = searchParams.get('starting_after');
  return id !== undefined && after !== null ? `${id}/${after}` : undefined;
}

/** The same, under the name that everything else goes by. Of several choices, the end of the first is not the end of all. */
function readerOf(reader: Provider, name: string, hasChoices: boolean, from: string | undefined): Provider {
  const decoder = (head: ResponseHead): Decoder => {
    const own = from === undefined ? reader.decoder(head) : reader.decoder(head, from);
    return hasChoices ? withoutCleanEnd(own) : own;
  };
  const describeError = reader.describeError?.bind(reader);
  return { name, request: reader.request.bind(reader), decoder, ...(describeError && { describeError }) };
}

function withoutCleanEnd(decoder: Decoder): Decoder {
  return { begin: () => decoder.begin?.() ?? [], decode: (message) => decoder.decode(message) };
}

/** In the body, or as Gemini and Vertex have it, in the path. */
function modelOf(url: URL, json: JsonObject | undefined): string {
  if (typeof json?.model === 'string') return json.model;
  const inPath = /\/models\/([^/:]+):\w+$/.exec(url.pathname)?.[1];
  return inPath === undefined ? '' : decodeSafely(inPath);
}

function decodeSafely(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
