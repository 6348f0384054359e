import { EMPTY, lastValueFrom, type Observable, of, throwError } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { accumulate, type EventLike, result } from '../../src/index.ts';
import { failure, finish, reasoning, start, text, toolCall } from '../../src/testing/index.ts';
import { listen } from './helpers.ts';

describe('accumulate', () => {
  it('emits a result of its own for each change, and none for what changes nothing', () => {
    const told = listen(of(start(), text('a'), { type: 'mine' }, reasoning('b'), finish()).pipe(accumulate()));
    expect(told.values).toHaveLength(3);
    expect(new Set(told.values).size).toBe(3);
  });

  it('never changes what it has emitted', () => {
    const told = listen(
      of(text('a'), toolCall('one', {}), toolCall('two', {}, 'call-1'), { type: 'restart' } as EventLike, text('b')).pipe(accumulate()),
    );
    expect(told.values.map((each) => each.text)).toEqual(['a', 'a', 'a', '', 'b']);
    expect(told.values.map((each) => each.toolCalls.length)).toEqual([0, 1, 2, 0, 0]);
    expect(told.values.map((each) => each.messages.length)).toEqual([1, 1, 1, 0, 1]);
  });

  it('says the messages that a next request appends', () => {
    const told = listen(of(text('Let me see.'), toolCall('weather', { city: 'Rome' })).pipe(accumulate()));
    expect(told.values.at(-1)?.messages).toEqual([
      {
        role: 'assistant',
        content: [
          { type: 'text', text: 'Let me see.' },
          { type: 'tool-call', toolCallId: 'call-0', toolName: 'weather', input: { city: 'Rome' } },
        ],
      },
    ]);
  });
});

describe('result', () => {
  it('is the last of what `accumulate` says', async () => {
    const events = of(start(), text('Hel'), text('lo'), finish('length', { outputTokens: 2 }));
    expect(await lastValueFrom(events.pipe(result()))).toEqual(await lastValueFrom(events.pipe(accumulate())));
  });

  it('is one result also of an empty stream', () => {
    expect(listen((EMPTY as Observable<EventLike>).pipe(result())).values).toMatchObject([{ text: '', finishReason: undefined }]);
  });

  it('is none of a stream that fails', () => {
    const told = listen(throwError(() => failure('network')).pipe(result()));
    expect(told.values).toEqual([]);
    expect(told.error).toMatchObject({ category: 'network' });
  });
});
