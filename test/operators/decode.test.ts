import { concat, NEVER, type Observable, of, Subject, throwError } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import {
  type Decoder,
  decode,
  isProviderError,
  type Provider,
  type ProviderEvent,
  type ResponseHead,
  type SseMessage,
} from '../../src/index.ts';
import { failure, finish, text } from '../../src/testing/index.ts';
import { categoryOf, listen, Tap, watchTimersAndErrors } from './helpers.ts';

const { timers, unhandled } = watchTimersAndErrors();
const head: ResponseHead = { type: 'head', status: 200, headers: new Headers() };
const message = (data: string, unterminated?: true): SseMessage => ({
  type: 'message',
  event: '',
  id: '',
  data,
  ...(unterminated && { unterminated }),
});
const context = { requestId: 'req_1', attempt: 2, model: 'm', raw: false };

/** Each message is a word; `.` is the end, and `!` one that cannot be read. */
const words: Decoder = {
  decode({ data }): ProviderEvent[] {
    if (data === '!') throw new SyntaxError('unreadable');
    return data.split(' ').map((word) => (word === '.' ? finish() : text(word)));
  },
};
const provider = (decoder: Decoder = words): Provider => ({
  name: 'words',
  request: () => ({ url: 'words:', headers: {} }),
  decoder: () => decoder,
});
const read = (source: Observable<ResponseHead | SseMessage>, decoder?: Decoder) => listen(source.pipe(decode(provider(decoder), context)));

describe('decode', () => {
  it('opens with `start`, and completes with the body', () => {
    const told = read(of(head, message('Hel'), message('lo'), message('.')));
    expect(told.values).toEqual([
      { type: 'start', requestId: 'req_1', attempt: 2, provider: 'words', model: 'm' },
      text('Hel'),
      text('lo'),
      { ...finish(), requestId: 'req_1' },
    ]);
    expect(told.ends).toBe(1);
    expect(timers()).toBe(0);
  });

  it('drops what comes after the end, in one message or in others', () => {
    const told = read(of(head, message('Hello . again'), message('and again'), message('.')));
    expect(told.values.map(({ type }) => type)).toEqual(['start', 'text-delta', 'finish']);
    expect(told.error).toBeUndefined();
  });

  it('takes a failure after the end for none', () => {
    const told = read(
      concat(
        of(head, message('Hello .')),
        throwError(() => failure('network')),
      ),
    );
    expect(told.error).toBeUndefined();
    expect(told.ends).toBe(1);
  });

  it('does not read on after the end, whatever cannot be read', () => {
    const told = read(of(head, message('Hello .'), message('!')));
    expect(told.error).toBeUndefined();
  });

  it('leaves a server that lingers after 50 ms', () => {
    const source = new Tap(concat(of(head, message('Hello .')), NEVER));
    const told = read(source.stream as Observable<ResponseHead | SseMessage>);
    expect(told.ends).toBe(0);
    vi.advanceTimersByTime(50);
    expect(told.ends).toBe(1);
    expect(source.running).toBe(0);
    expect(timers()).toBe(0);
  });

  it('leaves no timer behind whoever leaves at the end', () => {
    const source = new Subject<ResponseHead | SseMessage>();
    const told = read(source);
    source.next(head);
    source.next(message('Hello .'));
    told.subscription.unsubscribe();
    expect(timers()).toBe(0);
    expect(source.observed).toBe(false);
  });

  it.each<[string, (ResponseHead | SseMessage)[]]>([
    ['nothing', []],
    ['a head', [head]],
    ['text', [head, message('Hello')]],
  ])('raises `interrupted` for a body that ends after %s', (_case, messages) => {
    expect(categoryOf(read(of(...messages)))).toBe('interrupted');
  });

  it('asks the decoder whether a clean end is an honest one', () => {
    const told = read(of(head, message('Hello')), { ...words, decode: words.decode, end: () => [finish('stop')] });
    expect(told.error).toBeUndefined();
    expect(told.values.at(-1)).toMatchObject({ type: 'finish' });
  });

  it('raises what a decoder throws, and unsubscribes', () => {
    const source = new Subject<ResponseHead | SseMessage>();
    const told = read(source);
    source.next(head);
    source.next(message('!'));
    expect(isProviderError(told.error)).toBe(true);
    expect(told.error).toMatchObject({ category: 'unknown', requestId: context.requestId, cause: expect.any(SyntaxError) });
    expect(source.observed).toBe(false);
    expect(unhandled).toEqual([]);
  });

  it('takes a message that the end cut in two for an interruption, not for a fault of its own', () => {
    const told = read(of(head, message('Hello'), message('!', true)));
    expect(categoryOf(told)).toBe('interrupted');
  });

  it('reads an unterminated message that is whole', () => {
    const told = read(of(head, message('Hello .', true)));
    expect(told.error).toBeUndefined();
    expect(told.values.at(-1)).toMatchObject({ type: 'finish' });
  });

  it('stops within a message when its consumer leaves', () => {
    const source = new Subject<ResponseHead | SseMessage>();
    const told = listen(source.pipe(decode(provider(), context)), {
      next: (event) => event.type === 'text-delta' && told.subscription.unsubscribe(),
    });
    source.next(head);
    source.next(message('a b c'));
    expect(told.values).toHaveLength(2);
  });

  it('emits the provider’s own messages when asked to', () => {
    const told = listen(of(head, message('Hello'), message('.')).pipe(decode(provider(), { ...context, raw: true })));
    expect(told.values.map(({ type }) => type)).toEqual(['start', 'raw', 'text-delta', 'raw', 'finish']);
  });
});
