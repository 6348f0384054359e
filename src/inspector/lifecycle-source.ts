import { catchError, EMPTY, filter, map, merge, Observable } from 'rxjs';
import type { LifecycleEvent } from '../index.ts';
import { GaugeReader, type SharedParts } from './gauges.ts';
import { isRecord } from './is-record.ts';
import type { LifecycleRecord } from './lifecycle-record.ts';
import { toLifecycleRecord } from './to-lifecycle-record.ts';

/** Anything that tells of its streams, as a client does. */
export interface LifecycleSource {
  readonly lifecycle$: Observable<LifecycleEvent>;
}

/** Who is observed. */
export interface ObservedClients extends SharedParts {
  /** A client. */
  readonly client?: LifecycleSource | undefined;
  /** Several clients, by name. */
  readonly clients?: Readonly<Record<string, LifecycleSource>> | undefined;
  /** Whether requests, answers and the provider's words on failures are kept. Default: false. */
  readonly content?: boolean | undefined;
}

const gaugeEvery = 1_000;

/**
 * What happens to all streams of some clients, as records; with what they share, at most once a second.
 *
 * Never fails, whatever a client does, and never throws into one.
 */
export function recordsOf({ client, clients = {}, content = false, ...parts }: ObservedClients): {
  readonly records$: Observable<LifecycleRecord>;
  /** What is shared, now; `undefined` where nobody told of anything. */
  readonly gauge: () => LifecycleRecord | undefined;
} {
  const reader = new GaugeReader(parts);
  const sources: (readonly [string | undefined, Observable<LifecycleEvent>])[] = [
    ...(client ? [[undefined, client.lifecycle$] as const] : []),
    ...Object.entries(clients).map(([name, each]) => [name, each.lifecycle$] as const),
  ];
  const { breakers } = parts;
  const events$ = merge(
    ...sources.map(([name, lifecycle$]) =>
      lifecycle$.pipe(
        // A registry that somebody told of tells of its changes itself, once.
        filter((event) => !breakers || event?.type !== 'breaker'),
        map((event) => [name, event] as const),
        catchError(() => EMPTY),
      ),
    ),
    ...(breakers ? [breakers.changes$.pipe(map((change) => [undefined, { type: 'breaker' as const, ...change }] as const))] : []),
  );
  const gauge = (): LifecycleRecord | undefined => (reader.isEmpty ? undefined : { at: Date.now(), ...reader.read() });

  const records$ = new Observable<LifecycleRecord>((subscriber) => {
    let gaugedAt = 0;
    const tell = (name: string | undefined, event: LifecycleEvent): void => {
      const record = toLifecycleRecord(event, { client: name, content });
      // What tells of its streams may be anybody's.
      if (!isRecord(record)) return;
      reader.saw(event.provider, event.model);
      if (event.type === 'fallback') reader.saw(event.to.provider, event.to.model);
      subscriber.next(record);
      if (reader.isEmpty || record.at - gaugedAt < gaugeEvery) return;
      gaugedAt = record.at;
      subscriber.next({ at: record.at, ...reader.read() });
    };
    return events$.subscribe({
      next: ([name, event]) => {
        try {
          tell(name, event);
        } catch {
          // Who looks on must not be heard of.
        }
      },
      error: () => {},
    });
  });
  return { records$, gauge };
}
