import { of, Subject, throwError } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { createClient, type EventLike, holdUntilContent, type StreamEvent, type StreamRequest } from '../../src/index.ts';
import { failure, fakeProvider, finish, start, text } from '../../src/testing/index.ts';
import { listen, watchTimersAndErrors } from './helpers.ts';

const { unhandled } = watchTimersAndErrors();
const request: StreamRequest = { model: 'fake', messages: [{ role: 'user', content: 'Hello' }] };

describe('holdUntilContent', () => {
  it.each([
    [{ maxItems: -1 }, 'maxItems'],
    [{ maxItems: 1.5 }, 'maxItems'],
    [{ isContent: 'text' }, 'isContent'],
    [{ max: 5 }, 'max'],
  ])('throws a TypeError for %j that names the option', (config, field) => {
    expect(() => holdUntilContent(config as never)).toThrow(TypeError);
    expect(() => holdUntilContent(config as never)).toThrow(`holdUntilContent: ${field}`);
  });

  it('holds 64 events by default, and not one more', () => {
    const source = new Subject<EventLike>();
    const told = listen(source.pipe(holdUntilContent()));
    for (let count = 0; count < 64; count++) source.next({ type: 'usage' });
    expect(told.values).toHaveLength(0);
    source.next({ type: 'usage' });
    expect(told.values).toHaveLength(65);
    source.next({ type: 'usage' });
    expect(told.values).toHaveLength(66);
  });

  it('holds nothing when it may hold nothing', () => {
    const source = new Subject<EventLike>();
    const told = listen(source.pipe(holdUntilContent({ maxItems: 0 })));
    source.next(start());
    expect(told.values).toHaveLength(1);
  });

  it('lets whoever leaves within the flush have no more of it', () => {
    const source = new Subject<EventLike>();
    const told = listen(source.pipe(holdUntilContent()), { next: () => told.subscription.unsubscribe() });
    for (const event of [start(), { type: 'usage' }, text('Hello')]) source.next(event);
    expect(told.values).toEqual([start()]);
    expect(source.observed).toBe(false);
  });

  it('keeps the order when a consumer causes the next value within the flush', () => {
    const source = new Subject<EventLike>();
    const events = [start(), { type: 'usage' }, text('Hel'), text('lo')];
    const told = listen(source.pipe(holdUntilContent()), {
      next: (event) => {
        if (event.type === 'start') source.next(events[3] as EventLike);
      },
    });
    for (const event of events.slice(0, 3)) source.next(event);
    expect(told.values).toEqual(events);
  });

  it('tells an error what it does not say, and nothing that it says', () => {
    const facts = { requestId: 'req_1', provider: 'mine', model: 'm' };
    const told = listen(throwError(() => failure('network', { provider: 'openai' })).pipe(holdUntilContent({ facts })));
    expect(told.error).toMatchObject({ requestId: 'req_1', provider: 'openai', model: 'm' });
    expect((told.error as Error).message).toContain('[req_1]');
  });

  it('raises what `isContent` throws', () => {
    const thrown = new Error('of the callback');
    const isContent = () => {
      throw thrown;
    };
    const told = listen(of(1).pipe(holdUntilContent({ isContent })));
    expect(told.error).toBe(thrown);
    expect(unhandled).toEqual([]);
  });

  it('leaves an error alone that is not ours', () => {
    const error = new Error('mine');
    expect(listen(throwError(() => error).pipe(holdUntilContent())).error).toBe(error);
  });
});

describe('a preamble beyond the limit', () => {
  it('commits: `start` comes once, whatever fails afterwards', () => {
    const chatter = Array.from({ length: 80 }, () => ({ type: 'raw' as const, data: 'ping' }));
    const provider = fakeProvider([...chatter, failure('overloaded')], [text('Hello'), finish()]);
    const told = listen(createClient({ provider }).stream(request));
    vi.advanceTimersByTime(60_000);
    expect(told.values.filter(({ type }) => type === 'start')).toHaveLength(1);
    const afterStart = told.values.slice(told.values.findIndex(({ type }) => type === 'start') + 1) as StreamEvent[];
    expect(afterStart.map(({ type }) => type)).not.toContain('retry');
  });
});
