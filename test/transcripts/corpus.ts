import { isUtf8 } from 'node:buffer';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Provider } from '../../src/index.ts';
import * as library from '../../src/index.ts';
import { parseTranscript, type Transcript, type TranscriptChunk } from '../../src/testing/index.ts';

/** Looks like a provider's key, so that it must never show up anywhere. */
export const apiKey = 'sk-proj-7pQ2vN9rT4xK1mZ8cJ5b';

const folder = fileURLToPath(new URL('.', import.meta.url));

/** Every transcript of this folder, by file. */
export function readCorpus(): Map<string, Transcript[]> {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.json'));
  return new Map(files.sort().map((path) => [path, read(path)]));
}

function read(path: string): Transcript[] {
  const json: unknown = JSON.parse(readFileSync(`${folder}/${path}`, 'utf8'));
  return [json].flat().map((each) => {
    try {
      return parseTranscript(each);
    } catch (error) {
      const { name } = each as Partial<Transcript>;
      throw new TypeError(`${path}, ${JSON.stringify(name)}: ${(error as Error).message}`);
    }
  });
}

/** `openai`, `openai:groq`, `gemini` ...; over a server of one's own with `baseURL`. */
export function providerOf(name: string, baseURL?: string): Provider {
  const [format = '', preset] = name.split(':');
  const own = preset === undefined ? undefined : library.presets[preset as keyof typeof library.presets];
  if (preset !== undefined && own === undefined) throw new TypeError(`there is no preset ${preset}`);
  // A few presets have no address; none is asked here.
  const options = { apiKey, baseURL: baseURL ?? (own && !('baseURL' in own) ? 'https://example.invalid/v1' : undefined) };
  if (format === 'openai') return library.openai({ ...options, preset: own });
  const factory = (library as unknown as Record<string, ((options: object) => Provider) | undefined>)[
    format === 'openai-responses' ? 'openaiResponses' : format
  ];
  if (factory === undefined) throw new TypeError(`there is no provider ${format}`);
  return factory(options);
}

/** The body of a transcript. */
export function bodyOf({ response }: Transcript): Buffer {
  return Buffer.concat(
    response.chunks.map((chunk) => (chunk.text === undefined ? Buffer.from(chunk.base64, 'base64') : Buffer.from(chunk.text))),
  );
}

/** The same bytes, cut elsewhere, and all at once. */
export function cutAt(transcript: Transcript, offsets: readonly number[]): Transcript {
  const body = bodyOf(transcript);
  const places = [0, ...offsets, body.length];
  const chunks = places.slice(1).map((end, index): TranscriptChunk => {
    const bytes = body.subarray(places[index], end);
    return isUtf8(bytes) ? { at: 0, text: bytes.toString() } : { at: 0, base64: bytes.toString('base64') };
  });
  return { ...transcript, response: { ...transcript.response, chunks } };
}

/** Places to cut, the same for each run: Marsaglia's xorshift. */
export function someOffsets(length: number, seed: number): number[] {
  let state = (seed * 2_654_435_761 + length) | 1;
  const random = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
  const count = 1 + Math.floor(random() * Math.min(40, length));
  return Array.from({ length: count }, () => Math.floor(random() * length)).sort((one, other) => one - other);
}
