import type { LifecycleEvent } from '../index.ts';

/** A step of a call. */
export type CallMoment = Exclude<LifecycleEvent, { readonly type: 'breaker' }>;
/** The last step of a call. */
export type EndOfCall = Extract<CallMoment, { readonly type: 'finish' | 'error' | 'cancel' }>;
export type Outcome = 'finish' | 'error' | 'cancel';

export function isEnd(moment: CallMoment): moment is EndOfCall {
  return moment.type === 'finish' || moment.type === 'error' || moment.type === 'cancel';
}

/** How a call ended: an `AbortSignal` that ends it cancels it as unsubscribing does. */
export function outcomeOf(end: EndOfCall): Outcome {
  return end.type === 'error' && end.error.category === 'cancelled' ? 'cancel' : end.type;
}

/** The category of what ended the call before its answer was whole; `undefined` of a whole one. */
export function categoryOf(end: EndOfCall): string | undefined {
  if (end.type === 'error') return end.error.category;
  return end.type === 'cancel' ? 'cancelled' : undefined;
}
