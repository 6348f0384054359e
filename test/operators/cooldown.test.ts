import { concat, NEVER, of, Subject, take, throwError } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { type Cooldown, cooldown, createCooldowns, type EventLike } from '../../src/index.ts';
import { failure, text } from '../../src/testing/index.ts';
import { categoryOf, firehose, listen, Tap, watchTimersAndErrors } from './helpers.ts';

const { timers, unhandled } = watchTimersAndErrors();
const limited = (retryAfterMs?: number) => throwError(() => failure('rate-limit', { retryAfterMs }));
const gateOf = (): Cooldown => createCooldowns().get('openai', 'gpt-4o-mini');
const hold = (gate: Cooldown, retryAfterMs: number): void => void listen(limited(retryAfterMs).pipe(cooldown(gate)));
/** Content that stays open, so that nothing ends by itself. */
const open = () => new Tap(concat(of<EventLike>(text('Hello')), NEVER));

describe('createCooldowns', () => {
  it.each([
    [{ maxKeys: 0 }, 'maxKeys'],
    [{ maxKeys: 'many' }, 'maxKeys'],
    [{ ttl: 5 }, 'ttl'],
  ])('throws a TypeError for %j that names the option', (config, field) => {
    expect(() => createCooldowns(config as never)).toThrow(TypeError);
    expect(() => createCooldowns(config as never)).toThrow(`createCooldowns: ${field}`);
  });

  it('gives the same gate for the same key, and another for any other', () => {
    const cooldowns = createCooldowns();
    expect(cooldowns.get('a', 'b')).toBe(cooldowns.get('a', 'b'));
    expect(cooldowns.get('a', 'b')).not.toBe(cooldowns.get('b', 'a'));
    expect(cooldowns.get('a"', 'b')).not.toBe(cooldowns.get('a', '"b'));
  });

  it('forgets idle gates beyond `maxKeys`, but never one that holds somebody back', () => {
    const cooldowns = createCooldowns({ maxKeys: 2 });
    const held = cooldowns.get('p', 'held');
    hold(held, 60_000);
    const idle = cooldowns.get('p', 'idle');
    cooldowns.get('p', 'other');
    expect(cooldowns.get('p', 'held')).toBe(held);
    expect(cooldowns.get('p', 'held').waitFor()).toBe(60_000);
    expect(cooldowns.get('p', 'idle')).not.toBe(idle);
  });

  it('never forgets one with somebody in its line', () => {
    const cooldowns = createCooldowns({ maxKeys: 1 });
    const gate = cooldowns.get('p', 'm');
    hold(gate, 100);
    const source = open();
    listen(source.stream.pipe(cooldown(gate)));
    vi.setSystemTime(Date.now() + 10 * 60_000);
    cooldowns.get('p', 'other');
    expect(cooldowns.get('p', 'm')).toBe(gate);
  });
});

describe('cooldown', () => {
  it('throws a TypeError for what is no gate', () => {
    expect(() => cooldown(createCooldowns() as never)).toThrow(TypeError);
    expect(() => cooldown({} as never)).toThrow('createCooldowns()');
  });

  it('shares what it learns between all that stand at one gate, and with nobody else', () => {
    const cooldowns = createCooldowns();
    hold(cooldowns.get('p', 'm'), 1_000);
    const [here, there] = [open(), open()];
    listen(here.stream.pipe(cooldown(cooldowns.get('p', 'm'))));
    listen(there.stream.pipe(cooldown(cooldowns.get('p', 'n'))));
    expect([here.subscribed, there.subscribed]).toEqual([0, 1]);
    expect(cooldowns.get('p', 'm').waiting).toBe(1);
    vi.advanceTimersByTime(1_000);
    expect(here.subscribed).toBe(1);
  });

  it('leaves no timer when everybody who waited has left', () => {
    const gate = gateOf();
    hold(gate, 5_000);
    const told = [1, 2, 3].map(() => listen(open().stream.pipe(cooldown(gate))));
    expect(timers()).toBe(1);
    for (const { subscription } of told) subscription.unsubscribe();
    expect(timers()).toBe(0);
    expect(gate.waiting).toBe(0);
  });

  it('leaves no timer behind a limit that nobody waits for', () => {
    hold(gateOf(), 60_000);
    expect(timers()).toBe(0);
  });

  it('says how long one that came now would wait', () => {
    const gate = gateOf();
    expect(gate.waitFor()).toBe(0);
    hold(gate, 2_000);
    expect(gate.waitFor()).toBe(2_000);
    listen(open().stream.pipe(cooldown(gate)));
    expect(gate.waitFor()).toBe(3_000);
    vi.advanceTimersByTime(500);
    expect(gate.waitFor()).toBe(2_500);
  });

  it('refuses one more than a thousand, at once', () => {
    const gate = gateOf();
    hold(gate, 10_000);
    const told = Array.from({ length: 1_001 }, () => listen(NEVER.pipe(cooldown(gate))));
    expect(gate.waiting).toBe(1_000);
    expect(categoryOf(told[1_000] as never)).toBe('limit-exceeded');
    expect(told[999]?.ends).toBe(0);
    for (const { subscription } of told) subscription.unsubscribe();
    expect(timers()).toBe(0);
  });

  it('does not take a limit without a time for a wait', () => {
    const gate = gateOf();
    listen(limited().pipe(cooldown(gate)));
    expect(gate.waitFor()).toBe(0);
  });

  it('takes an SDK’s own error for what it is', () => {
    const gate = gateOf();
    const error = Object.assign(new Error('429 slow down'), { status: 429, headers: new Headers({ 'retry-after': '7' }) });
    const told = listen(throwError(() => error).pipe(cooldown(gate)));
    expect(told.error).toBe(error);
    expect(gate.waitFor()).toBe(7_000);
  });

  it('lets a synchronous source that ends within its turn make room for the next', () => {
    const gate = gateOf();
    hold(gate, 100);
    const told = Array.from({ length: 3 }, () => listen(of<EventLike>(text('Hello')).pipe(cooldown(gate))));
    vi.advanceTimersByTime(60_000);
    expect(told.map(({ ends }) => ends)).toEqual([1, 1, 1]);
    expect(timers()).toBe(0);
  });

  it('takes an answer without content, or one that was left, for nothing', () => {
    const gate = gateOf();
    hold(gate, 100);
    const first = listen(NEVER.pipe(cooldown(gate)));
    const second = open();
    listen(second.stream.pipe(cooldown(gate)));
    vi.advanceTimersByTime(100);
    first.subscription.unsubscribe();
    expect(second.subscribed, 'the pace is unchanged').toBe(0);
    vi.advanceTimersByTime(1_000);
    expect(second.subscribed).toBe(1);
  });

  it('keeps a probe’s place until it is known how it went', () => {
    const gate = gateOf();
    hold(gate, 600_000);
    const [probe, next] = [new Subject<EventLike>(), open()];
    const told = listen(probe.pipe(cooldown(gate)));
    listen(next.stream.pipe(cooldown(gate)));
    vi.advanceTimersByTime(120_000);
    expect(probe.observed).toBe(true);
    vi.advanceTimersByTime(60_000);
    expect(next.subscribed).toBe(0);
    told.subscription.unsubscribe();
    vi.advanceTimersByTime(0);
    expect(next.subscribed, 'a probe that was left frees its place').toBe(1);
  });

  it('raises what `isContent` throws, and passes the turn on', () => {
    const gate = gateOf();
    hold(gate, 100);
    const thrown = new Error('of the callback');
    const isContent = () => {
      throw thrown;
    };
    const told = listen(of(1).pipe(cooldown(gate, { isContent })));
    const next = open();
    listen(next.stream.pipe(cooldown(gate)));
    vi.advanceTimersByTime(5_000);
    expect(told.error).toBe(thrown);
    expect(next.subscribed).toBe(1);
    expect(unhandled).toEqual([]);
  });

  it('raises what `remaining` throws', () => {
    const gate = gateOf();
    hold(gate, 100);
    const thrown = new Error('of the callback');
    const remaining = () => {
      throw thrown;
    };
    const told = listen(NEVER.pipe(cooldown(gate, { remaining })));
    expect(told.error).toBe(thrown);
    expect(gate.waiting).toBe(0);
    expect(timers()).toBe(0);
  });

  it.each([{ remaining: 5 }, { isContent: 'text' }, { remainig: () => 5 }])('throws a TypeError for %j', (config) => {
    expect(() => cooldown(gateOf(), config as never)).toThrow(TypeError);
  });

  it('survives headers that say nonsense', () => {
    const gate = gateOf();
    const limits = [
      { kind: 'requests', limit: 5, remaining: 0, resetMs: undefined },
      { kind: 'tokens', limit: undefined, remaining: undefined, resetMs: 5_000 },
    ];
    const told = listen(of({ type: 'rate-limits', limits } as EventLike).pipe(cooldown(gate)));
    expect(told.error).toBeUndefined();
    expect(gate.waitFor()).toBe(0);
  });

  it('rty-17: a stream that leaves while it waits leaves nothing, and asks for nothing', () => {
    const gate = gateOf();
    hold(gate, 1_000);
    const source = open();
    const told = listen(source.stream.pipe(cooldown(gate)));
    told.subscription.unsubscribe();
    vi.advanceTimersByTime(60_000);
    expect(source.subscribed).toBe(0);
    expect(gate.waiting).toBe(0);
    expect(told.ends).toBe(0);
    expect(timers()).toBe(0);
  });

  it('stops a source that never would when its consumer has had enough', () => {
    const source = firehose(() => text('x'));
    const told = listen(source.stream.pipe(cooldown(gateOf()), take(1)));
    expect(told.values).toHaveLength(1);
    expect(source.emitted).toBe(1);
    expect(source.running).toBe(0);
    expect(timers()).toBe(0);
  });
});
