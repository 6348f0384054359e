import type { Attributes } from '@opentelemetry/api';
import type { CallMoment } from './outcome.ts';

/** An event on the span of a call. */
export interface CallEvent {
  readonly name: string;
  readonly facts: Attributes;
  /** The category of the failure that it is about. */
  readonly errorType?: string | undefined;
}

/** The event that a step is; `undefined` of steps that are none. */
export function eventOf(moment: CallMoment): CallEvent | undefined {
  switch (moment.type) {
    case 'refusal':
      return { name: 'refusal', facts: { retry_after_ms: moment.error.retryAfterMs }, errorType: moment.error.category };
    case 'retry':
      return { name: 'retry', facts: { delay_ms: moment.delayMs }, errorType: moment.category };
    case 'recovery':
      return { name: 'recovery', facts: { delay_ms: moment.delayMs, verb: moment.verb }, errorType: moment.error.category };
    case 'fallback': {
      const { provider, model } = moment.to;
      return { name: 'fallback', facts: { 'to.provider': provider, 'to.model': model }, errorType: moment.error.category };
    }
    case 'cooldown':
      return { name: 'cooldown', facts: { wait_ms: moment.waitMs } };
    case 'restart':
      return { name: 'restart', facts: {}, errorType: moment.error.category };
    case 'seam':
      return { name: 'seam', facts: {} };
    default:
      return undefined;
  }
}
