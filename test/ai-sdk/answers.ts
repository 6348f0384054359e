import fc from 'fast-check';
import { concat, from, type Observable, throwError } from 'rxjs';
import { accumulate, type ErrorCategory, ProviderError, type StreamEvent, type StreamResult } from '../../src/index.ts';
import { failure } from '../../src/testing/index.ts';

/** What a stream emits, and how it ends: `finish` in its place, else an error. */
export interface Answer {
  readonly events: readonly StreamEvent[];
  readonly error: ProviderError | undefined;
}

const requestId = 'req_1';
const usage = { inputTokens: 3, outputTokens: 5, totalTokens: 8, estimated: false };
const target = { attempt: 2, provider: 'fake', model: 'fake-1' };
const opening: StreamEvent = { type: 'start', requestId, attempt: 1, provider: 'fake', model: 'fake-1' };

/** What an answer is made of: text is cut into pieces anywhere, also in the middle of a character. */
type Step =
  | {
      readonly kind: 'text' | 'reasoning' | 'refusal';
      readonly id: string;
      readonly pieces: readonly string[];
      readonly signature: boolean;
    }
  | { readonly kind: 'tools'; readonly count: number; readonly isAnswered: boolean; readonly isError: boolean }
  | { readonly kind: 'source' | 'seam' | 'usage' | 'restart' | 'snapshot' | 'item' | 'message' | 'limits' };

const cut = (text: string, places: readonly number[]): readonly string[] => {
  const cuts = [0, ...places.map((place) => place % (text.length + 1)), text.length].sort((a, b) => a - b);
  return cuts.slice(1).map((end, index) => text.slice(cuts[index], end));
};

const pieces = fc
  .tuple(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }), fc.array(fc.nat(40), { maxLength: 4 }))
  .map(([text, places]) => cut(text, places));

const texts = (...kinds: readonly ('text' | 'reasoning' | 'refusal')[]) =>
  fc.record({ kind: fc.constantFrom(...kinds), id: fc.constantFrom('0', '1'), pieces, signature: fc.boolean() });
const tools = (isAnswered: fc.Arbitrary<boolean>) =>
  fc.record({ kind: fc.constant('tools' as const), count: fc.integer({ min: 1, max: 3 }), isAnswered, isError: fc.boolean() });
/** Where a text goes on behind a seam, what its provider signed of it is no longer told apart. */
const seam = fc.constant({ kind: 'seam' as const });
const others = fc
  .constantFrom('source', 'usage', 'restart', 'snapshot', 'item', 'message', 'limits')
  .map((kind) => ({ kind }) as Extract<Step, { kind: 'seam' }>);

/** The events of an answer. Ids of calls begin anew with each generation, as some providers' do. */
function eventsOf(steps: readonly Step[]): StreamEvent[] {
  const events: StreamEvent[] = [];
  let calls = 0;
  for (const step of steps) {
    switch (step.kind) {
      case 'text':
      case 'reasoning':
        for (const text of step.pieces) events.push({ type: `${step.kind}-delta`, id: step.id, text });
        if (step.signature)
          events.push({ type: `${step.kind}-delta`, id: step.id, text: '', providerMetadata: { acme: { signature: 'abc' } } });
        break;
      case 'refusal':
        for (const text of step.pieces) events.push({ type: 'refusal-delta', id: step.id, text });
        break;
      case 'tools': {
        const ids = Array.from({ length: step.count }, () => `call-${calls++}`);
        for (const toolCallId of ids) {
          events.push({ type: 'tool-input-delta', toolCallId, delta: '{"n":' });
          events.push({ type: 'tool-call', toolCallId, toolName: 'count', input: { n: toolCallId } });
        }
        if (!step.isAnswered) break;
        for (const toolCallId of ids) {
          events.push({
            type: 'tool-result',
            toolCallId,
            toolName: 'count',
            output: `of ${toolCallId}`,
            ...(step.isError && { isError: true }),
          });
        }
        break;
      }
      case 'source':
        events.push({ type: 'source', url: 'https://example.org/', title: 'Example' });
        break;
      case 'seam':
        events.push({ type: 'seam', requestId, ...target });
        break;
      case 'usage':
        events.push({ type: 'usage', usage });
        break;
      case 'restart':
        calls = 0;
        events.push({ type: 'restart', requestId, error: failure('network', { detail: 'secret words' }), ...target });
        break;
      case 'snapshot':
        // What was missed, behind a piece of it.
        events.push({ type: 'snapshot', result: resultOf(events), ...partIdOf(events) });
        break;
      case 'item':
        events.push({ type: 'provider-item', format: 'acme', item: { type: 'redacted', data: 'xyz' } });
        break;
      case 'message':
        events.push({ type: 'message', message: { role: 'user', content: 'And quickly' } });
        break;
      case 'limits':
        events.push({ type: 'rate-limits', limits: [] });
        break;
    }
  }
  return events;
}

function partIdOf(events: readonly StreamEvent[]): { partId?: string } {
  const last = events.at(-1);
  return last?.type === 'text-delta' || last?.type === 'reasoning-delta' ? { partId: last.id } : {};
}

const endings = fc.constantFrom<'finish' | ErrorCategory>('finish', 'finish', 'network', 'overloaded', 'cancelled', 'interrupted');

function answersOf(steps: fc.Arbitrary<readonly Step[]>, hasRetry: fc.Arbitrary<boolean>): fc.Arbitrary<Answer> {
  return fc.tuple(steps, endings, hasRetry).map(([told, ending, isRetried]) => ({
    events: [
      ...(isRetried
        ? [{ type: 'retry', requestId, attempt: 1, delayMs: 10, error: failure('overloaded', { detail: 'secret words' }) } as const]
        : []),
      opening,
      ...eventsOf(told),
      ...(ending === 'finish' ? [{ type: 'finish', requestId, finishReason: 'stop', rawFinishReason: 'stop', usage } as const] : []),
    ],
    error: ending === 'finish' ? undefined : new ProviderError({ category: ending, requestId, detail: 'secret words', phase: 'streaming' }),
  }));
}

/** Any sequence that our streams can emit. */
export const anyAnswer: fc.Arbitrary<Answer> = answersOf(
  fc.array(fc.oneof({ weight: 4, arbitrary: texts('text', 'text', 'reasoning', 'refusal') }, tools(fc.boolean()), seam, others), {
    maxLength: 10,
  }),
  fc.boolean(),
);

/** Those after which every call is answered, and nothing was refused: they go on as a conversation. */
export const anyTurn: fc.Arbitrary<Answer> = turnsOf('text', 'reasoning');

/** The same, of providers that sign no texts. */
export const anyTurnOfPlainTexts: fc.Arbitrary<Answer> = turnsOf('reasoning');

function turnsOf(...signed: readonly string[]): fc.Arbitrary<Answer> {
  const told = texts('text', 'text', 'reasoning').map((step) => ({ ...step, signature: step.signature && signed.includes(step.kind) }));
  const steps = fc.array(fc.oneof({ weight: 4, arbitrary: told }, tools(fc.constant(true)), others), { maxLength: 10 });
  return answersOf(steps, fc.boolean());
}

/** What the events say, by our own reading. */
export function resultOf(events: readonly StreamEvent[]): StreamResult {
  let last: StreamResult | undefined;
  from(events)
    .pipe(accumulate())
    .subscribe((result) => {
      last = result;
    });
  return last ?? { text: '', reasoning: '', toolCalls: [], messages: [], usage, finishReason: undefined };
}

/** The answer as a stream. */
export function streamOf({ events, error }: Answer): Observable<StreamEvent> {
  return error
    ? concat(
        from(events),
        throwError(() => error),
      )
    : from(events);
}
