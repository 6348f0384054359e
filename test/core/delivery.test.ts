import { bufferCount, map, Observable } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { expect, it } from 'vitest';
import { afterDelivery, deliver } from '../../src/core/delivery.ts';
import { streamTimeout } from '../../src/operators/stream-timeout.ts';

it('what is put off is done once all has been delivered, and the next time is put off anew', () => {
  const done: string[] = [];
  for (const round of ['a', 'b']) {
    deliver(() => {
      expect(afterDelivery(() => done.push(`${round} after`))).toBe(true);
      done.push(round);
    });
  }
  expect(done).toEqual(['a', 'a after', 'b', 'b after']);
});

it('a delivery inside another ends with the outer one', () => {
  const done: string[] = [];
  deliver(() => {
    deliver(() => afterDelivery(() => done.push('after')));
    done.push('outer');
  });
  expect(done).toEqual(['outer', 'after']);
});

it('where nothing is being delivered, nothing is put off, not even after a delivery that failed', () => {
  const done: string[] = [];
  const fail = () =>
    deliver(() => {
      afterDelivery(() => done.push('after'));
      throw new Error('a');
    });
  expect(fail).toThrow('a');
  expect(done).toEqual(['after']);
  expect(afterDelivery(() => done.push('never'))).toBe(false);
});

it('a stream is idle from the end of its last delivery on', () => {
  new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run(({ cold, expectObservable }) => {
    const pairs$ = cold<[string, string]>('p---q------r|', { p: ['a', 'b'], q: ['c', 'd'], r: ['e', 'f'] });
    const letters$ = new Observable<string>((subscriber) =>
      pairs$.subscribe((pair) => deliver(() => pair.forEach((letter) => void subscriber.next(letter)))),
    );
    const joined$ = letters$.pipe(streamTimeout({ idle: 6 }), bufferCount(2), map(String));
    expectObservable(joined$).toBe(
      'p---q-----#',
      { p: 'a,b', q: 'c,d' },
      expect.objectContaining({ category: 'timeout', timeout: 'idle' }),
    );
  });
});
