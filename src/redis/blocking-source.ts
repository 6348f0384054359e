import type { ProviderError } from '../index.ts';
import type { RawEntry } from './log-entry.ts';

/** A stream of Redis that is read as it grows. */
export interface BlockingSource {
  readonly key: string;
  /** The id after which it is read. */
  readonly position: string;
  accept(entries: readonly RawEntry[]): void;
  /** It is read no longer. */
  fail(failure: ProviderError): void;
  /** What is looked at after each new connection, and now and then: for a key that is gone wakes nobody. */
  readonly check?: SourceCheck | undefined;
}

/** A look at the record of a stream, and how it is taken. */
export interface SourceCheck {
  readonly recordKey: string;
  /** Milliseconds until the next one. */
  readonly every: number;
  accept(status: string, last: number, lease: number): void;
}
