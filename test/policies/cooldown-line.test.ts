import { expect, it } from 'vitest';
import { CooldownMachine } from '../../src/policies/cooldown.ts';

/** A provider limits at 0; then one goes every so many milliseconds after its place came, until `until`. */
function line(late: number, until: number) {
  const clock = { now: 0 };
  const machine = new CooldownMachine(() => clock.now);
  machine.limited(0);
  machine.pass();
  while (clock.now < until) {
    clock.now += machine.due() + late;
    machine.pass();
  }
  return { machine, clock };
}

it('a cooldown keeps its pace for as long as a line leaves at it', () => {
  expect(line(0, 180_000).machine.due()).toBe(1_000);
  expect(line(49, 180_000).machine.due()).toBe(1_000);
});

it('a cooldown forgets its pace where those who go had not waited for their place', () => {
  expect(line(50, 180_000).machine.due()).toBe(0);
  expect(line(5_000, 180_000).machine.due()).toBe(0);
});

it('a cooldown forgets its pace a minute after the line is gone', () => {
  const { machine, clock } = line(0, 180_000);
  clock.now += 59_999;
  expect(machine.isIdle).toBe(false);
  clock.now += 1;
  expect(machine.isIdle).toBe(true);
});
