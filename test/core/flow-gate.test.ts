import { describe, expect, it, vi } from 'vitest';
import { currentFlowGate, FlowGate, withFlowGate } from '../../src/core/flow-gate.ts';

describe('a flow gate', () => {
  it('tells its listeners each time it opens, and not when it was open', () => {
    const gate = new FlowGate();
    const listener = vi.fn();
    gate.onReopen(listener);
    gate.reopen();
    expect(listener).not.toHaveBeenCalled();
    gate.close();
    expect(gate.open).toBe(false);
    gate.reopen();
    gate.close();
    gate.reopen();
    expect(gate.open).toBe(true);
    expect(listener).toHaveBeenCalledTimes(2);
  });

  it('tells nobody who left, also while it tells', () => {
    const gate = new FlowGate();
    const late = vi.fn();
    const leave = gate.onReopen(() => leave());
    gate.onReopen(late);
    gate.close();
    gate.reopen();
    gate.close();
    gate.reopen();
    expect(late).toHaveBeenCalledTimes(2);
  });

  it('is current while its operator subscribes, nested and after a failure too', () => {
    const outer = new FlowGate();
    const inner = new FlowGate();
    const seen: (FlowGate | undefined)[] = [];
    withFlowGate(outer, () => {
      seen.push(currentFlowGate());
      expect(() =>
        withFlowGate(inner, () => {
          seen.push(currentFlowGate());
          throw new Error('subscribe failed');
        }),
      ).toThrow('subscribe failed');
      seen.push(currentFlowGate());
    });
    expect(seen).toEqual([outer, inner, outer]);
    expect(seen[0]).toBe(outer);
    expect(seen[1]).toBe(inner);
    expect(currentFlowGate()).toBeUndefined();
  });
});
