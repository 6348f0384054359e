import { type MonoTypeOperatorFunction, Observable } from 'rxjs';
import type { EventLike, StreamEvent } from '../core/event.ts';
import { type FlowGate, withFlowGate } from '../core/flow-gate.ts';
import type { ToolLoop } from '../policies/tool-loop.ts';
import { OperatorSubscriber } from './operator-subscriber.ts';

/**
 * Makes an answer one turn of a run: its end is kept back, and what concerns the answer alone is said of the run.
 *
 * @param flow The gate of the consumer, which a turn after the first would not find by itself.
 */
export function inToolLoop<E extends EventLike>(loop: ToolLoop, flow: FlowGate | undefined): MonoTypeOperatorFunction<StreamEvent | E> {
  return (source) =>
    new Observable((subscriber) => {
      const emit = (event: StreamEvent | E): void => subscriber.next(event);
      const upstream = new OperatorSubscriber<StreamEvent | E>(subscriber, { next: (event) => loop.add(event, emit) });
      if (flow) withFlowGate(flow, () => source.subscribe(upstream));
      else source.subscribe(upstream);
    });
}
