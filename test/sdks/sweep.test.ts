import { describe, expect, it } from 'vitest';
import { type Answer, anthropicEvents, openaiChunks, responsesEvents } from '../../src/testing/fault-server.ts';
import { serve } from '../integration/support.ts';
import { ask, type Sdk, sdks, type Told } from './sdks.ts';
import { quickFetch } from './support.ts';

const text = 'Grüße, one “two” three 🚀 four';
const writers = { openai: openaiChunks, 'openai-responses': responsesEvents, anthropic: anthropicEvents } as const;

/** Random in the same way each time. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** An answer, and where it is cut: behind each event, and at offsets that mean nothing. */
function cutsOf(wire: Sdk['wire'], seed: number): { readonly bytes: Buffer; readonly offsets: readonly number[] } {
  const events = writers[wire as keyof typeof writers]({ text, id: 'answer-1' });
  const bytes = Buffer.from(events.join(''));
  const random = randomFrom(seed);
  const boundaries = events.map((_, index) => Buffer.byteLength(events.slice(0, index).join('')));
  const anywhere = Array.from({ length: 14 }, () => Math.floor(random() * bytes.length));
  return { bytes, offsets: [...boundaries, bytes.length, ...anywhere] };
}

const headers = { 'content-type': 'text/event-stream' };

const isSilent = ({ ending, text: told }: Told) => ending === 'complete' && told !== text;

type Judge = (told: Told, offset: number, fault: string) => void;

async function sweep(sdk: Sdk, seed: number, judge: Judge, isBehind = true): Promise<void> {
  const { bytes, offsets } = cutsOf(sdk.wire, seed);
  const server = await serve();
  for (const [index, after] of offsets.entries()) {
    const fault = (['end', 'reset', 'truncate'] as const)[index % 3] ?? 'end';
    const whole: Answer = { body: bytes, headers };
    const split = index % 4 === 0 ? 7 : 'message';
    server.script([{ ...whole, after, fault, split }, whole, whole]);
    const fetch = isBehind ? { fetch: quickFetch() } : {};
    judge(await ask(sdk, { baseURL: server.url, maxRetries: 0, ...fetch }, 5_000), after, fault);
  }
}

describe('wherever an answer is cut', () => {
  it.each(sdks.map((sdk, index) => [sdk.name, sdk, index] as const))('it is whole, or an error: %s', async (_, sdk, index) => {
    const endings = { complete: 0, error: 0 };
    await sweep(sdk, index + 1, (told, offset, fault) => {
      const where = `cut at ${offset} by ${fault}: ${told.ending} ${JSON.stringify(told.text)} ${String(told.error)}`;
      expect(told.ending, where).not.toBe('pending');
      expect(isSilent(told), where).toBe(false);
      expect(text.startsWith(told.text), where).toBe(true);
      endings[told.ending as keyof typeof endings]++;
    });
    // Before content it is asked for again, after content it is an error: both were tried.
    expect(endings.complete).toBeGreaterThan(3);
    expect(endings.error).toBeGreaterThan(4);
  });

  it('alone, SDKs take halves for wholes: so the judge can tell', async () => {
    const silent = await Promise.all(
      sdks.map(async (sdk) => {
        let isJudged = false;
        await sweep(sdk, 1, (told) => (isJudged ||= isSilent(told)), false);
        return isJudged ? sdk.name : [];
      }),
    );
    const all = sdks.map(({ name }) => name);
    expect(silent.flat()).toEqual(all.filter((name) => !/completions\.stream|messages\.stream/.test(name)));
  });
});
