import { isContentEvent } from '../core/event.ts';

/** The option of every operator that treats a stream differently once it has shown content. */
export interface ContentConfig<T> {
  /** Whether a value is content. Default: text, reasoning, refusals, tool calls and sources of ours; every value of a foreign stream. */
  readonly isContent?: ((value: T) => boolean) | undefined;
}

/** The test in force. */
export function contentTest<T>(config: ContentConfig<T> | undefined): (value: T) => boolean {
  return config?.isContent ?? isContentEvent;
}
