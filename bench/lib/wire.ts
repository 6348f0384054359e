/** Whose format a stream is in. */
export type Wire = 'openai' | 'anthropic';

/**
 * What differs from event to event: nothing; the words, one in thirty of which needs escaping; the words and a member beside them that nobody
 * reads (OpenAI's `obfuscation`, a gateway's sequence number); or the words and something deep inside (log probabilities), so that nothing learned
 * from one event helps with the next.
 */
export type Variety = 'identical' | 'words' | 'noise' | 'nested';

/** How the body is cut: in 16 KiB, as a fast network would, or one event a chunk, as a provider sends it. */
export type Cut = '16 KiB' | 'event';

/** A stream of the bench. */
export interface StreamSpec {
  readonly wire: Wire;
  readonly variety: Variety;
  readonly cut: Cut;
  readonly events: number;
}

const created = 1_764_000_000;

/** The chunks of a body with as many deltas of text as asked for. The same on every run. */
export function chunksOf({ wire, variety, cut, events }: StreamSpec): Uint8Array[] {
  const random = mulberry(7);
  const messages = [...opening[wire]];
  for (let index = 0; index < events; index++) {
    const text = variety === 'identical' ? ' hello' : wordOf(random);
    const noise = variety === 'noise' ? noiseOf[wire](random, index) : '';
    messages.push(deltas[wire](text, noise, variety === 'nested' ? `[{"logprob":-${random().toFixed(6)}}]` : 'null'));
  }
  messages.push(...closing[wire]);
  const encoder = new TextEncoder();
  return cut === 'event' ? messages.map((message) => encoder.encode(message)) : slicesOf(encoder.encode(messages.join('')), 16_384);
}

/** A response that hands out the chunks as they are asked for. */
export function respond(chunks: readonly Uint8Array[]): Response {
  let next = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const chunk = chunks[next++];
      if (chunk) controller.enqueue(chunk);
      else controller.close();
    },
  });
  return new Response(body, { headers: { 'content-type': 'text/event-stream; charset=utf-8' } });
}

function openaiChunk(choice: string, rest: string): string {
  return (
    `data: {"id":"chatcmpl-CfUQ9tXyZLmP0aBcDeFgHiJkLmNoP","object":"chat.completion.chunk","created":${created},` +
    `"model":"gpt-4o-mini-2024-07-18","service_tier":"default","system_fingerprint":"fp_560af6e559","choices":${choice},${rest}}\n\n`
  );
}

function openaiDelta(delta: string, finish: string, rest: string, logprobs = 'null'): string {
  return openaiChunk(`[{"index":0,"delta":${delta},"logprobs":${logprobs},"finish_reason":${finish}}]`, rest);
}

function anthropicEvent(type: string, rest: string): string {
  return `event: ${type}\ndata: {"type":"${type}"${rest}}\n\n`;
}

const usage = '"usage":{"prompt_tokens":9,"completion_tokens":12,"total_tokens":21}';

const opening: Record<Wire, readonly string[]> = {
  openai: [openaiDelta('{"role":"assistant","content":"","refusal":null}', 'null', '"usage":null')],
  anthropic: [
    anthropicEvent(
      'message_start',
      ',"message":{"id":"msg_01XFDUDYJgAACzvnptvVoYEL","type":"message","role":"assistant","content":[],"model":"claude-sonnet-4-5",' +
        '"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":9,"output_tokens":1}}',
    ),
    anthropicEvent('content_block_start', ',"index":0,"content_block":{"type":"text","text":""}'),
    anthropicEvent('ping', ''),
  ],
};

const deltas: Record<Wire, (text: string, noise: string, logprobs: string) => string> = {
  openai: (text, noise, logprobs) => openaiDelta(`{"content":${JSON.stringify(text)}}`, 'null', `"usage":null${noise}`, logprobs),
  anthropic: (text, noise, logprobs) => {
    const inside = logprobs === 'null' ? '' : `,"logprobs":${logprobs}`;
    return anthropicEvent(
      'content_block_delta',
      `,"index":0,"delta":{"type":"text_delta","text":${JSON.stringify(text)}${inside}}${noise}`,
    );
  },
};

const noiseOf: Record<Wire, (random: () => number, index: number) => string> = {
  openai: (random) => `,"obfuscation":"${letters(random, 1 + Math.floor(random() * 16))}"`,
  anthropic: (_random, index) => `,"sequence_number":${index}`,
};

const closing: Record<Wire, readonly string[]> = {
  openai: [openaiDelta('{}', '"stop"', '"usage":null'), openaiChunk('[]', usage), 'data: [DONE]\n\n'],
  anthropic: [
    anthropicEvent('content_block_stop', ',"index":0'),
    anthropicEvent('message_delta', ',"delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":12}'),
    anthropicEvent('message_stop', ''),
  ],
};

/** How many messages of JSON a body holds beside its deltas. */
export const messagesAround: Record<Wire, number> = { openai: 3, anthropic: 6 };

/** How many of them tell of usage. */
export const usagesAround: Record<Wire, number> = { openai: 1, anthropic: 2 };

function wordOf(random: () => number): string {
  const word = ` ${letters(random, 1 + Math.floor(random() * 10))}`;
  const kind = random();
  if (kind < 0.02) return `${word}\n`;
  return kind < 0.033 ? `${word} "é"` : word;
}

function letters(random: () => number, length: number): string {
  let text = '';
  for (let index = 0; index < length; index++) text += String.fromCharCode(97 + Math.floor(random() * 26));
  return text;
}

function slicesOf(bytes: Uint8Array, length: number): Uint8Array[] {
  const slices: Uint8Array[] = [];
  for (let start = 0; start < bytes.byteLength; start += length) slices.push(bytes.slice(start, start + length));
  return slices;
}

/** Numbers from 0 up to 1, the same for the same seed. */
function mulberry(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
