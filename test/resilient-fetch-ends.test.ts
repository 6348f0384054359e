import { describe, expect, it } from 'vitest';
import type { ProviderError } from '../src/index.ts';
import { resilientFetch } from '../src/resilient-fetch.ts';
import { about, messagesOf, type Wire, wires } from './integration/support.ts';

describe('wherever a stream ends', () => {
  /** What a reader of server-sent events would have of it: whole messages. */
  const messagesIn = (body: string): string => body.slice(0, body.lastIndexOf('\n\n') + 2);
  const init = { method: 'POST', body: '{"model":"m-1","stream":true}' };

  it.each(wires)('at any byte, who reads it has the whole answer or an error: %s', async (wire) => {
    const whole = messagesOf(wire, { text: 'é 1', id: 'x' }).join('');
    const bytes = Buffer.from(whole);
    const endings = { whole: 0, error: 0 };
    const needed = endOfReason(wire, whole);
    const tryCut = async (cut: number): Promise<void> => {
      const bodies = [bytes.subarray(0, cut), bytes];
      const fetch = resilientFetch({
        retry: { initialDelay: 1, jitter: 'none' },
        fetch: async () => new Response(bodies.shift() ?? bytes, { headers: { 'content-type': 'text/event-stream' } }),
      });
      const body = await (await fetch(`http://127.0.0.1/v1/${about[wire].path}`, init)).text().catch((error: ProviderError) => error);
      if (typeof body === 'string') {
        expect(messagesIn(body).length, `cut at ${cut}: ${body}`).toBeGreaterThanOrEqual(needed);
        endings.whole++;
      } else {
        expect(body.category).toBe('interrupted');
        endings.error++;
      }
    };
    // Of long answers every third byte; their length is no multiple of it.
    const step = bytes.length > 1_000 ? 3 : 1;
    for (let cut = 0; cut <= bytes.length; cut += step) await tryCut(cut);
    expect(endings.error).toBeGreaterThan(30);
    expect(endings.whole).toBeGreaterThan(10);
  });

  /** Where the message ends that says why the answer did: what follows is usage and a marker, which nobody misses. */
  function endOfReason(wire: Wire, whole: string): number {
    const words = { openai: '"finish_reason":"stop"', 'openai-responses': 'response.completed', anthropic: 'end_turn', gemini: 'STOP' };
    return whole.indexOf('\n\n', whole.indexOf(words[wire])) + 2;
  }
});
