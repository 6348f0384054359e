import fc from 'fast-check';
import { asyncScheduler, Observable, of, Subject, takeUntil } from 'rxjs';
import { describe, it } from 'vitest';
import { ResultBuilder } from '../../src/core/result-builder.ts';
import {
  createClient,
  type FinishReason,
  isProviderError,
  type Message,
  type ProviderEvent,
  runTools,
  type StandardSchemaV1,
  type StreamEvent,
  type Tool,
} from '../../src/index.ts';
import { failure, fakeProvider, finish, text, toolCall } from '../../src/testing/index.ts';
import { holds, numRuns, same, timeout } from './runs.ts';
import { inVirtualTime, type VirtualTime, watch } from './virtual-time.ts';

/** What a tool does, and after how long: 0 is at once. */
interface Deed {
  readonly wait: number;
  readonly by: 'output' | 'throw' | 'fail' | 'never' | 'refused' | 'nothing' | 'elsewhere' | 'unknown';
}

interface Turn {
  readonly waits: readonly number[];
  readonly calls: readonly Deed[];
  readonly restarts: boolean;
  readonly end: FinishReason | 'fail' | 'cut' | 'silence';
}

interface World {
  readonly turns: readonly Turn[];
  readonly messages: readonly number[];
  readonly leavesAfter: number | undefined;
  readonly leavesAtValue: number | undefined;
  readonly maxSteps: number;
  readonly maxConcurrent: number;
  readonly toolTimeout: number;
  readonly total: number | undefined;
  readonly onToolError: 'report' | 'fail';
}

const wait = fc.constantFrom(0, 0, 0, 1, 5, 40);
const often = <T>(value: T, others: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 4, arbitrary: fc.constant(value) }, { weight: 1, arbitrary: others });

const deed: fc.Arbitrary<Deed> = fc.record({
  wait,
  by: often<Deed['by']>('output', fc.constantFrom('throw', 'fail', 'never', 'refused', 'nothing', 'elsewhere', 'unknown')),
});

const turn: fc.Arbitrary<Turn> = fc.record({
  waits: fc.array(wait, { maxLength: 3 }),
  calls: fc.array(deed, { maxLength: 4 }),
  restarts: often(false, fc.constant(true)),
  end: often<Turn['end']>('tool-calls', fc.constantFrom('stop', 'length', 'refusal', 'fail', 'cut', 'silence')),
});

const world: fc.Arbitrary<World> = fc.record({
  turns: fc.array(turn, { minLength: 1, maxLength: 5 }),
  messages: fc.array(fc.constantFrom(0, 1, 6, 41, 90), { maxLength: 2 }),
  leavesAfter: often<number | undefined>(undefined, fc.constantFrom(0, 1, 5, 6, 44)),
  leavesAtValue: often<number | undefined>(undefined, fc.nat(12)),
  maxSteps: fc.integer({ min: 1, max: 6 }),
  maxConcurrent: fc.constantFrom(1, 2, Number.POSITIVE_INFINITY),
  toolTimeout: fc.constantFrom(30, 1_000),
  total: often<number | undefined>(undefined, fc.constantFrom(20, 60)),
  onToolError: often<'report' | 'fail'>('report', fc.constant('fail')),
});

const accepting: StandardSchemaV1 = { '~standard': { version: 1, vendor: 'by hand', validate: (value) => ({ value }) } };
const refusing: StandardSchemaV1 = { '~standard': { ...accepting['~standard'], validate: () => ({ issues: [{ message: 'no' }] }) } };

/** An attempt of the provider: text, its calls (twice, where it restarts), its end; each value after its wait. */
function attempt({ waits, calls, restarts, end }: Turn, index: number): Observable<ProviderEvent> {
  const say = (generation: string): ProviderEvent[] => [
    ...waits.map((_, at) => text(`${index}${generation}${at} `)),
    ...calls.map(({ by }, at) => toolCall(by, { index, at, generation }, `${index}-${at}-${generation}`)),
  ];
  const restart: ProviderEvent = { type: 'restart', error: failure('interrupted'), attempt: 1, provider: 'fake', model: 'fake' };
  const values = restarts ? [...say('void'), restart, ...say('good')] : say('good');
  return new Observable((subscriber) => {
    let at = 0;
    const next = (): void => {
      while (!subscriber.closed) {
        const value = values[at++];
        if (value === undefined) {
          if (end === 'fail') subscriber.error(failure('invalid-request'));
          else if (end === 'cut') subscriber.complete();
          else if (end !== 'silence') subscriber.next(finish(end, { inputTokens: 1 }));
          return;
        }
        subscriber.next(value);
        const delay = waits[at] ?? 0;
        if (delay === 0) continue;
        subscriber.add(asyncScheduler.schedule(next, delay));
        return;
      }
    };
    next();
  });
}

class Run {
  readonly executed = new Map<string, { running: boolean; aborted: boolean }>();
  readonly events: StreamEvent[] = [];
  ends = 0;
  hasLeft = false;
  running = 0;
  /** What a tool or the consumer found wrong: what they throw would be the run's. */
  readonly problems: string[] = [];
  readonly left$ = new Subject<void>();
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  expect(condition: boolean, problem: string): void {
    if (!condition) this.problems.push(problem);
  }

  tool(by: Deed['by']): Tool {
    if (by === 'elsewhere') return { input: accepting, inputSchema: {} };
    return {
      input: by === 'refused' ? refusing : accepting,
      inputSchema: {},
      execute: (input, { toolCallId, signal }) => {
        const { index, at, generation } = input as { index: number; at: number; generation: string };
        this.expect(generation === 'good', 'a call that was void is run');
        this.expect(by !== 'refused', 'a call with a bad input is run');
        this.expect(!this.executed.has(toolCallId), `${toolCallId} is run twice`);
        const state = { running: true, aborted: false };
        this.executed.set(toolCallId, state);
        signal.addEventListener('abort', () => {
          state.aborted = true;
        });
        this.running++;
        this.expect(this.running <= this.#world.maxConcurrent, 'too many at once');
        const settle = (): void => {
          if (state.running) this.running--;
          state.running = false;
        };
        const after = this.#world.turns[index]?.calls[at]?.wait ?? 0;
        if (by === 'throw') {
          settle();
          throw new Error('thrown');
        }
        return new Observable((subscriber) => {
          subscriber.add(settle);
          const act = (): void => {
            if (by === 'output') subscriber.next({ index, at });
            if (by === 'fail') subscriber.error(new Error('failed'));
            else if (by !== 'never') subscriber.complete();
          };
          if (after === 0) act();
          else subscriber.add(asyncScheduler.schedule(act, after));
        });
      },
    };
  }

  play(time: VirtualTime): void {
    const { turns, messages, leavesAfter, leavesAtValue, maxSteps, maxConcurrent, toolTimeout, total, onToolError } = this.#world;
    const names = ['output', 'throw', 'fail', 'never', 'refused', 'nothing', 'elsewhere'] as const;
    const tools = Object.fromEntries(names.map((name) => [name, this.tool(name)]));
    const provider = fakeProvider(...turns.map(attempt), ...Array.from({ length: 8 }, () => of(text('Done.'), finish())));
    const client = createClient({ provider, retry: { maxAttempts: 1 }, timeout: { idle: 500, firstContent: 500, headers: 500 } });
    const messages$ = new Observable<Message>((subscriber) => {
      for (const at of messages) subscriber.add(asyncScheduler.schedule(() => subscriber.next({ role: 'user', content: 'also' }), at));
    });
    const request = { model: 'fake', messages: [{ role: 'user', content: 'Go' }] } as const;
    const config = { tools, maxSteps, maxConcurrent, toolTimeout, onToolError, messages$, ...(total && { timeout: { total } }) };
    const leave = (): void => {
      if (this.ends === 0) this.hasLeft = true;
      this.left$.next();
    };
    let error: unknown;
    const run$ = runTools(client, request, config) as Observable<StreamEvent>;
    run$.pipe(takeUntil(this.left$)).subscribe({
      next: (event) => {
        this.expect(!this.hasLeft && this.ends === 0, 'a value after the end');
        this.events.push(event);
        if (this.events.length === leavesAtValue) leave();
      },
      error: (thrown) => {
        this.ends++;
        error = thrown;
      },
      complete: () => {
        if (!this.hasLeft) this.ends++;
      },
    });
    if (leavesAfter !== undefined) time.in(leavesAfter, leave);
    time.advance(100_000);

    holds(this.problems.length === 0, () => this.problems.join());
    same(this.ends, this.hasLeft ? 0 : 1, 'ends');
    same(time.pending, 0, 'timers');
    same(this.running, 0, 'tools that run on');
    if (error !== undefined) holds(isProviderError(error) && error.requestId !== '', () => `not an error of ours: ${error}`);
    holds(provider.requests.length <= maxSteps, () => 'more turns than maxSteps');
    this.#check(error === undefined && !this.hasLeft);
    if (isProviderError(error) && error.partial) {
      const said = this.#result().snapshot();
      same(error.partial.text, said.text, 'the text of the partial');
      same(error.partial.toolCalls.length, said.toolCalls.length, 'the calls of the partial');
      same(error.phase, 'streaming');
    }
  }

  #result(): ResultBuilder {
    const builder = new ResultBuilder();
    for (const event of this.events) builder.add(event);
    return builder;
  }

  #check(isWhole: boolean): void {
    const count = (type: StreamEvent['type']) => this.events.filter((event) => event.type === type).length;
    holds(count('start') <= 1, () => 'start twice');
    same(count('finish'), isWhole ? 1 : count('finish'), 'finish');
    holds(count('finish') <= 1 && (count('finish') === 0 || this.events.at(-1)?.type === 'finish'), () => 'finish is not the last');
    const results = this.events.flatMap((event) => (event.type === 'tool-result' ? event.toolCallId : []));
    same(new Set(results).size, results.length, 'results of a call');
    for (const toolCallId of results) {
      holds(!this.executed.get(toolCallId)?.running, () => `${toolCallId} has a result and runs`);
      holds(toolCallId.endsWith('good'), () => 'a result of a void call');
    }
    if (isWhole) {
      const { text: said, messages } = this.#result().snapshot();
      holds(!said.includes('void'), () => `void text is left: ${said}`);
      const last = this.events.at(-1) as Extract<StreamEvent, { type: 'finish' }>;
      holds(last.usage.inputTokens <= this.#world.turns.length, () => 'more usage than there were turns');
      holds(results.length === 0 || messages.some(({ role }) => role === 'tool'), () => 'no message has the results');
    }
  }
}

describe('whatever turns, tools, messages and the consumer do', () => {
  const { unhandled, expectNoRealTimers } = watch();

  it(
    'each call runs at most once and never if it is void, start and finish come once, and nothing is left running',
    () => {
      fc.assert(
        fc.property(world, (given) => inVirtualTime((time) => new Run(given).play(time))),
        { numRuns },
      );
      same(unhandled.length, 0, 'unhandled');
      expectNoRealTimers();
    },
    timeout,
  );
});
