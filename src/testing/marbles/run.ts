import { type Observable, take } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import type { Diagram, Row } from './diagram.ts';
import type { Scope } from './evaluate.ts';
import { type Happening, type Recording, setUp } from './stage.ts';

/** Everything that a run of a diagram showed. */
export interface Run {
  /** By the name of the input, in order of time. */
  readonly subscriptions: ReadonlyMap<string, readonly Recording[]>;
  /** One an output row; `undefined` where it was never subscribed. */
  readonly outputs: readonly (Recording | undefined)[];
  /** What the marbles stand for. */
  readonly values: ReadonlyMap<string, unknown>;
}

/** How long after its last column a diagram is watched. An open row says that nothing more comes, and an interval may never end. */
const watchedAfter = 600_000;

/** Runs a diagram in virtual time. */
export function run(diagram: Diagram, scope: Scope): Run {
  const scheduler = new TestScheduler(() => true);
  return scheduler.run(() => {
    const stage = setUp(diagram, scope, scheduler);
    const columns = [...diagram.inputs, ...diagram.outputs].map(({ text }) => [...text].length);
    scheduler.maxFrames = Math.max(...columns) * diagram.tick + watchedAfter;
    const outputs: (Recording | undefined)[] = diagram.outputs.map(() => undefined);
    const leave: (() => void)[] = [];
    diagram.outputs.forEach((row, index) => {
      scheduler.schedule(() => {
        outputs[index] = { begin: scheduler.now(), happenings: [] };
        leave.push(consume(row, stage.stream, scheduler, outputs[index], diagram.tick));
      }, row.begin * diagram.tick);
    });
    scheduler.flush();
    // Ended here, in virtual time: outside of it, a virtual timer's id would clear a real timer.
    stage.close();
    for (const end of leave) end();
    return { subscriptions: stage.subscriptions, outputs, values: stage.values() };
  });
}

/** Subscribes as a row of the output says, until its `!` if it has one. Returns what ends it. */
function consume(row: Row, stream: Observable<unknown>, scheduler: TestScheduler, recording: Recording, tick: number): () => void {
  let ended = false;
  const record = (happening: Omit<Happening, 'time'>) => {
    ended ||= happening.kind !== 'value';
    recording.happenings.push({ ...happening, time: scheduler.now() });
  };
  const end = row.marks.findIndex(({ kind }) => kind === 'unsubscribe');
  const last = row.marks[end];
  // `(a!)` unsubscribes while `a` is delivered, as `take` does; a `!` alone at the beginning of its column.
  const within = end > 0 && row.marks[end - 1]?.column === last?.column;
  const taken = within ? stream.pipe(take(end)) : stream;
  const subscription = taken.subscribe({
    next: (value) => record({ kind: 'value', value }),
    error: (value) => record({ kind: 'error', value }),
    complete: () => record(within && recording.happenings.length === end ? { kind: 'unsubscribe', name: '!' } : { kind: 'complete' }),
  });
  const unsubscribe = () => {
    if (!ended) record({ kind: 'unsubscribe', name: '!' });
    subscription.unsubscribe();
  };
  if (last && !within) subscription.add(scheduler.schedule(unsubscribe, (last.column - row.begin) * tick));
  return () => subscription.unsubscribe();
}
