import { lastValueFrom } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { createClient, type EventLike, isProviderError, ProviderError, relay, type SseMessage } from '../../src/index.ts';
import { publicJson } from '../../src/relay/public-json.ts';
import { parseRelayCursor } from '../../src/relay/relay-cursor.ts';
import { RelayDecoder } from '../../src/relay/relay-decoder.ts';

const location = 'http://relay.test/chat/1';
const message = (event: EventLike, id = ''): SseMessage => ({ type: 'message', event: '', data: publicJson(event), id });
const delta = (text: string) => ({ type: 'text-delta', id: '0', text });
const finish = { type: 'finish', requestId: 'req_server', finishReason: 'stop', rawFinishReason: 'stop', usage: {} } as EventLike;

const result = { text: '', reasoning: '', toolCalls: [], messages: [], usage: {} };

function decoderAt(id = '', unlogged = 0) {
  const decoder = new RelayDecoder({ location, id, unlogged });
  const take = (event: EventLike, eventId = '') => [...decoder.decode(message(event, eventId))];
  return { decoder, take };
}

describe('the decoder of a relay', () => {
  it('gives events back with their cursors, and knows where it is', () => {
    const { decoder, take } = decoderAt();
    expect(decoder.cursor).toBe(`${location}#`);
    expect(take(delta('Hi'), 'c1')).toEqual([{ ...delta('Hi'), cursor: 'c1' }]);
    expect(decoder.cursor).toBe(`${location}#c1`);
  });

  it('ends with the end marker alone; a finish without it is asked for again', () => {
    const { decoder, take } = decoderAt();
    take(delta('Hi'), 'c1');
    expect(take(finish, 'c2')).toEqual([]);
    expect(decoder.cursor).toBe(`${location}#c1`);
    expect(take({ type: 'end' }, 'c2.end')).toEqual([finish]);
  });

  it('keeps a whole answer though something goes wrong behind it', () => {
    const { decoder, take } = decoderAt();
    take(delta('Hi'), 'c1');
    take(finish, 'c2');
    expect(take({ type: 'error', error: new ProviderError({ category: 'unknown' }) } as EventLike)).toEqual([finish]);
    expect(decoder.cursor).toBeUndefined();
  });

  it.each(['start', 'restart'])('raises what goes wrong with an answer that begins behind a whole one, with a %s', (type) => {
    const { take } = decoderAt();
    take(finish, 'c1');
    take({ type }, 'c2');
    expect(() => take({ type: 'error', error: { category: 'overloaded' } } as EventLike)).toThrow(
      expect.objectContaining({ category: 'overloaded' }),
    );
  });

  it.each(['c~5', 'c#5', '#', '~', '%7E', 'a%zz', '~5'])('is resumed behind an event whose id is %s', (id) => {
    const { decoder, take } = decoderAt();
    take(delta('Hi'), id);
    expect(parseRelayCursor(decoder.cursor ?? '')).toEqual({ location, id, unlogged: 0 });
    take(delta('there'));
    expect(parseRelayCursor(decoder.cursor ?? '')).toEqual({ location, id, unlogged: 1 });
  });

  it('knows no cursor whose id cannot be read', () => {
    expect(parseRelayCursor(`${location}#%E0%A4%A`)).toBeUndefined();
  });

  it('ends a stream that had no finish of its own as complete', () => {
    const { take } = decoderAt();
    expect(take({ type: 'end' })).toMatchObject([{ type: 'finish', finishReason: 'other' }]);
  });

  it('raises what the server says of a failure with its category, and then has nowhere to go on', () => {
    const { decoder, take } = decoderAt('c1');
    const error = new ProviderError({ category: 'content-filter', requestId: 'req_server', retryAfterMs: 5 });
    expect(() => take({ type: 'error', error } as EventLike)).toThrow(
      expect.objectContaining({
        category: 'content-filter',
        retryable: false,
        providerRequestId: 'req_server',
        retryAfterMs: 5,
        gaveUp: 'not-retryable',
      }),
    );
    expect(decoder.cursor).toBeUndefined();
  });

  it.each([undefined, 7, {}, { category: 'constructor' }, { category: 'nonsense', retryable: 'yes' }])('raises %o as unknown', (error) => {
    expect(() => decoderAt().take({ type: 'error', error } as EventLike)).toThrow(expect.objectContaining({ category: 'unknown' }));
  });

  it('makes the errors of retries and restarts errors again', () => {
    const error = new ProviderError({ category: 'overloaded', detail: 'secret words' });
    const [restart] = decoderAt().take({ type: 'restart', error } as EventLike) as unknown as [{ error: ProviderError }];
    expect(isProviderError(restart.error) && restart.error.category).toBe('overloaded');
    expect(restart.error.detail).toBeUndefined();
  });

  it.each(['{', '7', 'null', '[]', '{"type":7}'])('refuses %s, which is no event', (data) => {
    expect(() => decoderAt().decoder.decode({ type: 'message', event: '', data, id: '' })).toThrow('error');
  });
});

describe('an event that lacks what its type has', () => {
  it.each([
    { type: 'text-delta', id: '0' },
    { type: 'text-delta', id: '0', text: 5 },
    { type: 'reasoning-delta', id: '0' },
    { type: 'refusal-delta', id: '0', text: null },
    { type: 'tool-input-delta', toolCallId: 'c' },
    { type: 'tool-call', toolName: 't' },
    { type: 'tool-result', toolCallId: 'c' },
    { type: 'provider-item', format: 'f' },
    { type: 'message' },
    { type: 'message', message: { role: 'user', content: [null] } },
    { type: 'source' },
    { type: 'usage' },
    { type: 'finish' },
    { type: 'rate-limits' },
    { type: 'snapshot' },
    { type: 'snapshot', result: null },
    { type: 'snapshot', result: { ...result, text: 1 } },
    { type: 'snapshot', result: { ...result, refusal: {} } },
    { type: 'snapshot', result: { ...result, toolCalls: null } },
    { type: 'snapshot', result: { ...result, messages: [null] } },
    { type: 'snapshot', result: { ...result, messages: [{ role: 'assistant', content: [{ type: 'text' }] }] } },
  ])('is refused, and changes nothing: %j', (event) => {
    const { decoder, take } = decoderAt('c1', 2);
    expect(() => take(event, 'c2')).toThrow(expect.objectContaining({ facts: expect.objectContaining({ body: undefined }) }));
    expect(decoder.cursor).toBe(`${location}#c1~2`);
  });

  it('is a fault of the protocol, which leaves what was said', async () => {
    const said = [delta('Hi'), { type: 'snapshot' }, { type: 'end' }].map((event) => `data: ${JSON.stringify(event)}\n\n`).join('');
    const fetch = async () => new Response(said, { headers: { 'content-type': 'text/event-stream' } });
    const client = createClient({ provider: relay({ url: 'http://relay.test/chat', fetch }), retry: { maxAttempts: 1 } });
    const stream$ = client.stream({ model: 'm', messages: [{ role: 'user', content: 'x' }] });
    await expect(lastValueFrom(stream$)).rejects.toMatchObject({ category: 'protocol', partial: { text: 'Hi' } });
  });

  it('is taken as it is where it is of somebody else', () => {
    expect(decoderAt().take({ type: 'mine' }, 'c1')).toEqual([{ type: 'mine', cursor: 'c1' }]);
  });
});

describe('events that were told before they were logged', () => {
  it('are counted, and not told again when they come with their ids', () => {
    const { decoder, take } = decoderAt('c1');
    expect(take(delta('two '))).toHaveLength(1);
    expect(take(delta('three '))).toHaveLength(1);
    expect(decoder.cursor).toBe(`${location}#c1~2`);
    expect(parseRelayCursor(decoder.cursor ?? '')).toEqual({ location, id: 'c1', unlogged: 2 });

    const later = decoderAt('c1', 2);
    expect(later.take(delta('two '), 'c2')).toEqual([]);
    expect(later.decoder.cursor).toBe(`${location}#c2~1`);
    expect(later.take(delta('three '), 'c3')).toEqual([]);
    expect(later.take(delta('four'), 'c4')).toHaveLength(1);
    expect(later.decoder.cursor).toBe(`${location}#c4`);
  });

  it('are not told again while the store is still away', () => {
    const { decoder, take } = decoderAt('c1', 2);
    expect(take(delta('two '))).toEqual([]);
    expect(take(delta('three '))).toEqual([]);
    expect(take(delta('four '))).toHaveLength(1);
    expect(decoder.cursor).toBe(`${location}#c1~3`);
  });

  it.each(['restart', 'snapshot'])('are void after a %s', (type) => {
    const { take } = decoderAt('c1', 2);
    expect(take({ type, result } as EventLike, 'c2')).toHaveLength(1);
    expect(take(delta('new'), 'c3')).toHaveLength(1);
  });
});
