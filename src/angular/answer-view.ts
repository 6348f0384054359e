import type { ViewState } from '../index.ts';

/** Nothing has been asked. */
interface IdleState {
  readonly status: 'idle';
  readonly text: string;
  readonly reasoning: string;
  readonly toolCalls: ViewState['toolCalls'];
  readonly attempt: number;
  readonly error?: undefined;
}

/**
 * What a component shows of an answer: a {@link ViewState}, or `idle` before anything is asked, and who answers.
 *
 * It is a value and never an error: the text so far outlives a failure, beside `error`.
 */
export type AnswerView = (ViewState | IdleState) & {
  /** Who answers, once that is known; another one after a fallback. */
  readonly provider?: string | undefined;
  readonly model?: string | undefined;
};

export const idleView: AnswerView = { status: 'idle', text: '', reasoning: '', toolCalls: [], attempt: 0 };

/** Whether an answer is on its way. */
export function isRunning({ status }: Pick<AnswerView, 'status'>): boolean {
  return status === 'connecting' || status === 'streaming' || status === 'retrying';
}

/** Whether an answer ended before it was whole. */
export function isBroken({ status }: Pick<AnswerView, 'status'>): boolean {
  return status === 'failed' || status === 'stopped';
}

/** Whether two views show the same, so that nothing needs to be rendered. */
export function showsTheSame(one: AnswerView, other: AnswerView): boolean {
  const before = one as unknown as Readonly<Record<string, unknown>>;
  const after = other as unknown as Readonly<Record<string, unknown>>;
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].every((name) => isSame(before[name], after[name]));
}

function isSame(one: unknown, other: unknown): boolean {
  return Object.is(one, other) || (Array.isArray(one) && Array.isArray(other) && one.length === 0 && other.length === 0);
}
