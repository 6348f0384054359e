import { describe, expect, it, vi } from 'vitest';
import { TurnQueue } from '../../src/operators/turn-queue.ts';
import { watchTimersAndErrors } from './helpers.ts';

const { timers } = watchTimersAndErrors();

/** A turn that goes when its time has come, and notes it. */
function turn(log: string[], name: string, due: () => number, then: () => void = () => undefined) {
  return {
    due,
    go: () => {
      log.push(name);
      then();
    },
  };
}

describe('TurnQueue', () => {
  it('lets go at once who may, without a timer', () => {
    const log: string[] = [];
    const queue = new TurnQueue();
    queue.join(turn(log, 'a', () => 0));
    expect(log).toEqual(['a']);
    expect(queue.length).toBe(0);
    expect(timers()).toBe(0);
  });

  it('has one timer for the whole line, and none when the last has left it', () => {
    const log: string[] = [];
    const queue = new TurnQueue();
    const leave = ['a', 'b', 'c'].map((name) => queue.join(turn(log, name, () => 1_000)));
    expect(timers()).toBe(1);
    expect(queue.length).toBe(3);
    for (const each of leave) each();
    expect(timers()).toBe(0);
    expect(log).toEqual([]);
  });

  it('asks only the first in line, so that nobody overtakes', () => {
    const log: string[] = [];
    const queue = new TurnQueue();
    let open = false;
    queue.join(turn(log, 'a', () => (open ? 0 : Number.POSITIVE_INFINITY)));
    queue.join(turn(log, 'b', () => 0));
    expect(log).toEqual([]);
    expect(timers(), 'only an event can tell').toBe(0);
    open = true;
    queue.advance();
    expect(log).toEqual(['a', 'b']);
  });

  it('lets one that goes bring another, which takes the last place', () => {
    const log: string[] = [];
    const queue = new TurnQueue();
    let open = false;
    const due = () => (open ? 0 : Number.POSITIVE_INFINITY);
    queue.join(turn(log, 'a', due, () => queue.join(turn(log, 'c', due))));
    queue.join(turn(log, 'b', due));
    open = true;
    queue.advance();
    expect(log).toEqual(['a', 'b', 'c']);
  });

  it('lets one that goes take another out of the line', () => {
    const log: string[] = [];
    const queue = new TurnQueue();
    let open = false;
    const due = () => (open ? 0 : Number.POSITIVE_INFINITY);
    let leave: () => void = () => undefined;
    queue.join(turn(log, 'a', due, () => leave()));
    leave = queue.join(turn(log, 'b', due));
    queue.join(turn(log, 'c', due));
    open = true;
    queue.advance();
    expect(log).toEqual(['a', 'c']);
  });

  it('does not mind who leaves twice, or after its turn', () => {
    const log: string[] = [];
    const queue = new TurnQueue();
    const gone = queue.join(turn(log, 'a', () => 0));
    const waiting = queue.join(turn(log, 'b', () => 500));
    gone();
    waiting();
    waiting();
    expect(queue.length).toBe(0);
    vi.advanceTimersByTime(1_000);
    expect(log).toEqual(['a']);
  });

  it('does not recurse over a line in which everybody may go', () => {
    const log: string[] = [];
    const queue = new TurnQueue();
    let open = false;
    for (let count = 0; count < 20_000; count++) {
      queue.join(
        turn(
          log,
          'x',
          () => (open ? 0 : Number.POSITIVE_INFINITY),
          () => queue.advance(),
        ),
      );
    }
    open = true;
    queue.advance();
    expect(log).toHaveLength(20_000);
  });

  it('wakes for a wait that no timer can hold, and goes on waiting', () => {
    const log: string[] = [];
    const queue = new TurnQueue();
    queue.join(turn(log, 'a', () => 2 ** 40));
    vi.advanceTimersByTime(1_000);
    expect(log).toEqual([]);
    expect(timers()).toBe(1);
  });
});
