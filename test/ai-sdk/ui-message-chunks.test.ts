import type { UIMessageChunk as TheirChunk } from 'ai';
import fc from 'fast-check';
import { count, lastValueFrom, Observable, of, take } from 'rxjs';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { currentParts, toMessages, toUIMessageChunks, toUIMessageStreamResponse, type UIMessageChunk } from '../../src/ai-sdk/index.ts';
import type { Message, StreamEvent } from '../../src/index.ts';
import { failure } from '../../src/testing/index.ts';
import { numRuns, timeout } from '../properties/runs.ts';
import { type Answer, anyAnswer, anyTurn, resultOf, streamOf } from './answers.ts';
import { type ChatMessage, readByAiSdk } from './reading.ts';

const runs = { numRuns: Math.min(numRuns, 300) };

const read = (answer: Answer) => readByAiSdk(toUIMessageStreamResponse(streamOf(answer)));

const isRefusal = (part: object): boolean =>
  'providerMetadata' in part && (part.providerMetadata as { steadystream?: unknown } | undefined)?.steadystream !== undefined;

function joined(message: ChatMessage | undefined, type: 'text' | 'reasoning'): string {
  return currentParts(message?.parts ?? [])
    .map((part) => (part.type === type && !isRefusal(part) ? part.text : ''))
    .join('');
}

/** Text that nothing tells apart is one. */
function conversation(messages: readonly Message[]): unknown[] {
  const told: [string, unknown][] = [];
  for (const { role, content } of messages) {
    const parts = typeof content === 'string' ? [{ type: 'text' as const, text: content }] : content;
    for (const part of parts) {
      const last = told.at(-1);
      const isPlain = part.type === 'text' && !part.providerMetadata;
      // Reasoning goes back where its provider can check it.
      if (part.type === 'reasoning' && !part.providerMetadata) continue;
      if (isPlain && last?.[0] === role && typeof last[1] === 'string') last[1] += part.text;
      else told.push([role, isPlain ? part.text : part]);
    }
  }
  return told;
}

describe('what our streams say, in the chunks of the AI SDK', () => {
  it(
    'is valid, and its own reducer comes to the text, the reasoning and the calls that we come to',
    async () => {
      await fc.assert(
        fc.asyncProperty(anyAnswer, async (answer) => {
          const { message, errors, failure: broken, chunks } = await read(answer);
          const result = resultOf(answer.events);
          expect(broken).toBeUndefined();
          expect(joined(message, 'text')).toBe(result.text);
          expect(joined(message, 'reasoning')).toBe(result.reasoning);
          const calls = currentParts(message?.parts ?? []).flatMap((part) => (part.type === 'tool-count' ? [part.toolCallId] : []));
          expect(calls).toEqual(result.toolCalls.map(({ toolCallId }) => toolCallId));
          const isError = answer.error !== undefined && answer.error.category !== 'cancelled';
          expect(errors).toEqual(isError ? [answer.error?.toPublic().message] : []);
          expect(chunks.at(-1)?.type).toBe(isError ? 'error' : answer.error ? 'abort' : 'finish');
          expect(JSON.stringify(chunks)).not.toContain('secret words');
        }),
        runs,
      );
    },
    timeout,
  );

  it(
    'goes back into a request as the messages that we would have sent back',
    async () => {
      await fc.assert(
        fc.asyncProperty(anyTurn, async (answer) => {
          const { message } = await read(answer);
          expect(conversation(message ? toMessages([message]) : [])).toEqual(conversation(resultOf(answer.events).messages));
        }),
        runs,
      );
    },
    timeout,
  );

  it('closes every part that it has opened, and has only one open', async () => {
    await fc.assert(
      fc.asyncProperty(anyAnswer, async (answer) => {
        const { chunks } = await read(answer);
        let open: string | undefined;
        for (const chunk of chunks) {
          if (chunk.type === 'text-start' || chunk.type === 'reasoning-start') {
            expect(open).toBeUndefined();
            open = chunk.id;
          } else if (chunk.type === 'text-end' || chunk.type === 'reasoning-end') {
            expect(chunk.id).toBe(open);
            open = undefined;
          }
        }
        expect(open).toBeUndefined();
      }),
      { numRuns: 100 },
    );
  });
});

describe('a response', () => {
  const opening: StreamEvent = { type: 'start', requestId: 'req_1', attempt: 1, provider: 'fake', model: 'fake-1' };
  const said = (text: string): StreamEvent => ({ type: 'text-delta', id: '0', text });
  const usage = { inputTokens: 3, outputTokens: 5, totalTokens: 8, estimated: false };
  const finish: StreamEvent = { type: 'finish', requestId: 'req_1', finishReason: 'refusal', rawFinishReason: 'refusal', usage };

  it('says on its head that it is the protocol in its first version, and ends with its own mark', async () => {
    const response = toUIMessageStreamResponse(of(opening, said('Hello'), finish), { headers: { 'x-mine': 'yes' }, status: 201 });
    expect(response.status).toBe(201);
    expect(response.headers.get('x-vercel-ai-ui-message-stream')).toBe('v1');
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    expect(response.headers.get('cache-control')).toContain('no-transform');
    expect(response.headers.get('x-mine')).toBe('yes');
    expect(await response.text()).toMatch(/data: \{"type":"finish"[^\n]*\n\ndata: \[DONE\]\n\n$/);
  });

  it('tells model, usage and why the answer ended as the metadata of the message', async () => {
    const { message, chunks } = await readByAiSdk(toUIMessageStreamResponse(of(opening, said('No'), finish), { messageId: 'msg_1' }));
    expect(message?.id).toBe('msg_1');
    expect(message?.metadata).toEqual({
      requestId: 'req_1',
      provider: 'fake',
      model: 'fake-1',
      finishReason: 'refusal',
      rawFinishReason: 'refusal',
      usage,
    });
    expect(chunks.at(-1)).toMatchObject({ type: 'finish', finishReason: 'content-filter' });
  });

  it('leaves the metadata to whoever asks for that', async () => {
    const messageMetadata = ({ type }: { type: string }) => (type === 'finish' ? { at: 1 } : undefined);
    const { message } = await readByAiSdk(toUIMessageStreamResponse(of(opening, said('No'), finish), { messageMetadata }));
    expect(message?.metadata).toEqual({ at: 1 });
  });

  it('marks what a restart has made void, and says the call of the same id anew', async () => {
    const call: StreamEvent = { type: 'tool-call', toolCallId: 'call-0', toolName: 'count', input: { n: 1 } };
    const restart: StreamEvent = {
      type: 'restart',
      requestId: 'req_1',
      error: failure('network'),
      attempt: 2,
      provider: 'fake',
      model: 'fake-1',
    };
    const again = { ...call, input: { n: 2 } } as StreamEvent;
    const { message } = await readByAiSdk(toUIMessageStreamResponse(of(opening, said('void'), call, restart, said('new'), again, finish)));
    expect(message?.parts.map(({ type }) => type)).toEqual([
      'step-start',
      'text',
      'tool-count',
      'data-restart',
      'step-start',
      'text',
      'tool-count',
    ]);
    const [, text, tool] = currentParts(message?.parts ?? []);
    expect(text).toMatchObject({ text: 'new', state: 'done' });
    expect(tool).toMatchObject({ input: { n: 2 } });
    expect(message?.parts[3]).toMatchObject({ data: { reason: 'restart', error: { category: 'network' } } });
  });

  it('goes on with the same text behind a seam', async () => {
    const seam: StreamEvent = { type: 'seam', requestId: 'req_1', attempt: 2, provider: 'fake', model: 'fake-1' };
    const { message, chunks } = await readByAiSdk(
      toUIMessageStreamResponse(of(opening, said('Hel'), seam, { ...said('lo'), id: '7' } as StreamEvent, finish)),
    );
    expect(message?.parts.map((part) => (part.type === 'text' ? part.text : part.type))).toEqual(['step-start', 'Hello']);
    expect(chunks.find(({ type }) => type === 'data-seam')).toMatchObject({ transient: true });
  });

  it('gives a failing tool as one that failed', async () => {
    const call: StreamEvent = { type: 'tool-call', toolCallId: 'c', toolName: 'count', input: {} };
    const result: StreamEvent = { type: 'tool-result', toolCallId: 'c', toolName: 'count', output: { why: 'no' }, isError: true };
    const { message } = await readByAiSdk(toUIMessageStreamResponse(of(opening, call, result, finish)));
    expect(message?.parts.at(-1)).toMatchObject({ type: 'tool-count', state: 'output-error', errorText: '{"why":"no"}' });
  });

  it('passes on data parts of your own, and nothing else that it does not know', async () => {
    const mine = { type: 'data-weather', data: { degrees: 21 } };
    const { message } = await readByAiSdk(toUIMessageStreamResponse(of(opening, said('It is'), mine, { type: 'mine' }, finish)));
    expect(message?.parts.at(-1)).toEqual(mine);
    expect(message?.parts).toHaveLength(3);
  });

  it('passes on of data parts of your own what the AI SDK takes, and no cursor, by which a connection could be cut', async () => {
    const mine = { type: 'data-weather', id: 'w', data: { degrees: 21 }, cursor: 'c1', requestId: 'r' };
    const response = toUIMessageStreamResponse(of(opening, said('It is'), mine, finish));
    const [text, { message }] = await Promise.all([response.clone().text(), readByAiSdk(response)]);
    expect(text).not.toMatch(/^id:/m);
    expect(message?.parts.at(-1)).toEqual({ type: 'data-weather', id: 'w', data: { degrees: 21 } });
  });

  it('takes a stream that ends without its finish for interrupted', async () => {
    const { errors } = await readByAiSdk(toUIMessageStreamResponse(of(opening, said('Hel'))));
    expect(errors).toEqual([failure('interrupted').toPublic().message]);
  });

  it('fails where the process is about to end, because a clean end would be taken for the end of the answer', async () => {
    const closing = new AbortController();
    const { signal } = closing;
    const response = toUIMessageStreamResponse(
      new Observable<StreamEvent>((subscriber) => {
        subscriber.next(opening);
        subscriber.next(said('Hel'));
        setTimeout(() => closing.abort(), 10);
      }),
      { signal },
    );
    const { failure: broken, message } = await readByAiSdk(response);
    expect(broken).toBeInstanceOf(Error);
    expect(joined(message, 'text')).toBe('Hel');
  });

  it('leaves a source at once when nobody reads it any more, also one that does not pause', async () => {
    let said = 0;
    const endless = new Observable<StreamEvent>((subscriber) => {
      while (!subscriber.closed && said < 1_000) {
        said++;
        subscriber.next(said === 1 ? opening : { type: 'text-delta', id: '0', text: 'x' });
      }
    });
    expect(await lastValueFrom(endless.pipe(toUIMessageChunks(), take(3), count()))).toBe(3);
    expect(said).toBeLessThan(4);
  });

  it('says what a callback throws as a failure of its own', async () => {
    const messageMetadata = () => {
      throw new Error('secret words');
    };
    const { errors, chunks } = await readByAiSdk(toUIMessageStreamResponse(of(opening, said('Hel'), finish), { messageMetadata }));
    expect(errors).toEqual([failure('unknown').toPublic().message]);
    expect(JSON.stringify(chunks)).not.toContain('secret words');
  });

  it('names the option that is wrong', () => {
    expect(() => toUIMessageStreamResponse(of(), { heartbeat: 1 })).toThrow(/^toUIMessageStreamResponse: heartbeat must be/);
    expect(() => toUIMessageStreamResponse(of(), { location: '/x' } as object)).toThrow(/location/);
  });

  it('has chunks that are those of the AI SDK', () => {
    expectTypeOf<UIMessageChunk>().toExtend<Loose<TheirChunk>>();
  });
});

/** Their types know no readonly. */
type Loose<T> = T extends object ? { readonly [K in keyof T]: T[K] extends object | undefined ? unknown : T[K] } : T;
