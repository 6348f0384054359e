import { isObservable, Observable, Subject } from 'rxjs';
import type { TestScheduler } from 'rxjs/testing';
import { type Diagram, locate, type Mark, type Row } from './diagram.ts';
import { evaluate, type Scope } from './evaluate.ts';

/** What happened, and when, in milliseconds of virtual time. */
export interface Happening {
  readonly kind: Mark['kind'];
  /** The marble, where it is known: an input sends marbles, an output sends values. */
  readonly name?: string;
  readonly value?: unknown;
  readonly time: number;
}

/** What really happened on one row. */
export interface Recording {
  readonly begin: number;
  readonly happenings: Happening[];
}

/** A diagram set up in virtual time, before anyone subscribes. */
export interface Stage {
  readonly stream: Observable<unknown>;
  /** What was subscribed of each input, by name. */
  readonly subscriptions: ReadonlyMap<string, readonly Recording[]>;
  /** Evaluates the values anew, by name. */
  values(): ReadonlyMap<string, unknown>;
  /** From here on nothing is recorded. */
  close(): void;
}

/** Sets up the inputs, the shared objects and the code of a diagram. To be called within `scheduler.run`. */
export function setUp(diagram: Diagram, scope: Scope, scheduler: TestScheduler): Stage {
  const { file, tick } = diagram;
  let open = true;
  const named: Record<string, unknown> = {};
  const subscriptions = new Map<string, Recording[]>();

  const values = () => {
    const found: Record<string, unknown> = {};
    for (const definition of diagram.definitions) {
      if (definition.kind !== 'shared') found[definition.name] = evaluate(definition, { ...scope, ...named, ...found }, file);
    }
    return new Map(Object.entries(found));
  };

  const hot = (row: Row) => {
    const subject = new Subject<unknown>();
    for (const mark of row.marks) scheduler.schedule(() => send(mark, values(), subject), mark.column * tick);
    return subject;
  };

  const cold = (rows: readonly Row[]) => {
    const recordings: Recording[] = [];
    subscriptions.set((rows[0] as Row).name, recordings);
    return new Observable<unknown>((subscriber) => {
      const row = rows[recordings.length];
      const recording: Recording = { begin: scheduler.now(), happenings: [] };
      recordings.push(recording);
      // An undrawn subscription stays silent: that it was made is what is reported.
      const marks = row?.marks.filter(({ kind }) => kind !== 'unsubscribe') ?? [];
      // Evaluated for each subscription: an error that one attempt was blamed with must not turn up in the next.
      const fresh = marks.length === 0 ? new Map<string, unknown>() : values();
      for (const mark of marks) {
        const play = () => {
          recording.happenings.push({ kind: mark.kind, name: mark.name, time: scheduler.now() });
          send(mark, fresh, subscriber);
        };
        subscriber.add(scheduler.schedule(play, (mark.column - (row as Row).begin) * tick));
      }
      return () => {
        const last = recording.happenings.at(-1)?.kind ?? 'value';
        if (open && last === 'value') recording.happenings.push({ kind: 'unsubscribe', name: '!', time: scheduler.now() });
      };
    });
  };

  for (const row of diagram.inputs) {
    if (row.name in named) continue;
    named[row.name] = row.hot ? hot(row) : cold(diagram.inputs.filter(({ name }) => name === row.name));
  }
  for (const definition of diagram.definitions) {
    if (definition.kind === 'shared') named[definition.name] = evaluate(definition, { ...scope, ...named }, file);
  }
  let stream = named.source;
  for (const expression of diagram.code) {
    const step = evaluate(expression, { ...scope, ...named }, file);
    if (expression === diagram.code[0] && isObservable(step)) stream = step;
    else if (typeof step === 'function' && isObservable(stream)) stream = step(stream);
    else throw new Error(`${locate(file, expression.line)}: \`${expression.text}\` is no operator on a \`source:\` row`);
  }
  if (!isObservable(stream)) throw new Error(`${locate(file, diagram.line)}: the code makes no Observable`);
  const close = () => {
    open = false;
  };
  return { stream, subscriptions, values, close };
}

function send(mark: Mark, values: ReadonlyMap<string, unknown>, to: Pick<Subject<unknown>, 'next' | 'error' | 'complete'>): void {
  // As in RxJS, a marble that is not defined is its own character.
  if (mark.kind === 'value') to.next(values.has(mark.name) ? values.get(mark.name) : mark.name);
  else if (mark.kind === 'error') to.error(values.has(mark.name) ? values.get(mark.name) : 'error');
  else to.complete();
}
