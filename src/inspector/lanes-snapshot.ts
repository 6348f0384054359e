import type { BreakerView, Lane, Lanes } from './lane.ts';

/** A model as JSON can hold it. */
export interface LanesSnapshot extends Omit<Lanes, 'lanes' | 'breakers'> {
  readonly lanes: readonly Lane[];
  readonly breakers: readonly BreakerView[];
}

/** A model as plain JSON; see {@link fromSnapshot}. */
export function toSnapshot({ lanes, breakers, ...rest }: Lanes): LanesSnapshot {
  return { ...rest, lanes: [...lanes.values()], breakers: [...breakers.values()] };
}

/** What {@link toSnapshot} was given. */
export function fromSnapshot({ lanes, breakers, ...rest }: LanesSnapshot): Lanes {
  return {
    ...rest,
    lanes: new Map(lanes.map((lane) => [lane.key, lane])),
    breakers: new Map(breakers.map((breaker) => [JSON.stringify([breaker.client, breaker.provider, breaker.model]), breaker])),
  };
}
