import { Observable, timeout } from 'rxjs';
import { classify, createCircuitBreaker, openai, ProviderError, type SseMessage, streamTimeout, toAsyncIterable } from '../../src/index.ts';
import { decode } from '../../src/operators/decode.ts';
import { CircuitBreakerMachine } from '../../src/policies/circuit-breaker.ts';
import { breakerSchema } from '../../src/policies/circuit-breaker-config.ts';
import { RingBuffer } from '../../src/policies/ring-buffer.ts';
import { summarize } from './stats.ts';

/** What one suite found: nanoseconds an operation, by row and round. */
export interface PolicyReport {
  readonly title: string;
  readonly nanoseconds: Readonly<Record<string, readonly number[]>>;
  readonly notes: readonly string[];
}

/** Does something many times, and says how many. */
type Row = () => number | Promise<number>;

const { suite, contenders } = JSON.parse(process.argv[2] ?? '{}') as { suite: keyof typeof suites; contenders: boolean };

/** Runs the rows in turn, round by round, after a warm-up. */
async function alternate(rows: Readonly<Record<string, Row>>, rounds = 15): Promise<Record<string, number[]>> {
  const nanoseconds: Record<string, number[]> = {};
  for (let round = -3; round < rounds; round++) {
    for (const [name, row] of Object.entries(rows)) {
      const before = process.cpuUsage();
      const operations = await row();
      const { user, system } = process.cpuUsage(before);
      nanoseconds[name] ??= [];
      if (round >= 0) nanoseconds[name].push(((user + system) * 1_000) / operations);
    }
  }
  return nanoseconds;
}

const middle = (values: readonly number[] | undefined): number => summarize(values ?? []).median;

/** Each round of one row over the same round of another. */
const ratio = (over: readonly number[] | undefined, under: readonly number[] | undefined): number =>
  middle((over ?? []).map((value, round) => value / (under?.[round] ?? Number.NaN)));

function times(operations: number, operation: (index: number) => void): Row {
  return () => {
    for (let index = 0; index < operations; index++) operation(index);
    return operations;
  };
}

function timesAsync(operations: number, operation: () => PromiseLike<unknown>): Row {
  return async () => {
    for (let index = 0; index < operations; index++) await operation();
    return operations;
  };
}

/** A permit, its content and its end; then the same as a call of a promise beside two libraries that guard promises. */
async function breaker(): Promise<PolicyReport> {
  const circuit = createCircuitBreaker();
  const settings = breakerSchema.parse({});
  const machine = new CircuitBreakerMachine(settings, { now: () => 1_000, random: () => 0.5, onChange: () => undefined });
  const cycle = (admission: ReturnType<typeof circuit.acquire>): void => {
    if (!('permit' in admission)) throw new Error('refused');
    admission.permit.arrive();
    admission.permit.finish();
  };
  const work = async (): Promise<number> => 1;
  const guarded = async (): Promise<number> => {
    const admission = circuit.acquire();
    if (!('permit' in admission)) throw new Error('refused');
    const value = await work();
    admission.permit.finish();
    return value;
  };
  const rows: Record<string, Row> = {
    'acquire, arrive, finish': times(200_000, () => cycle(circuit.acquire())),
    'the same on a clock that costs nothing': times(200_000, () => cycle(machine.acquire())),
    'Date.now(), for scale': times(200_000, () => Date.now()),
    'a promise, unguarded': timesAsync(50_000, work),
    'a promise, guarded by ours': timesAsync(50_000, guarded),
  };
  if (contenders) Object.assign(rows, await others(work));
  const nanoseconds = await alternate(rows);
  const bare = middle(nanoseconds['a promise, unguarded']);
  const notes = Object.entries(nanoseconds)
    .filter(([name]) => name.startsWith('a promise, guarded'))
    .map(([name, values]) => `${name}: +${(middle(values) - bare).toFixed(0)} ns a call`);
  return { title: 'Breaker, closed', nanoseconds, notes };
}

async function others(work: () => Promise<number>): Promise<Record<string, Row>> {
  // By names that the compiler does not follow: they are installed in bench/ alone, or not at all.
  const names = { cockatiel: 'cockatiel', opossum: 'opossum' };
  const { circuitBreaker, ConsecutiveBreaker, handleAll, SamplingBreaker } = await import(names.cockatiel);
  const { default: Opossum } = await import(names.opossum);
  const sampling = circuitBreaker(handleAll, { halfOpenAfter: 5_000, breaker: new SamplingBreaker({ threshold: 0.5, duration: 60_000 }) });
  const consecutive = circuitBreaker(handleAll, { halfOpenAfter: 5_000, breaker: new ConsecutiveBreaker(5) });
  const opossum = new Opossum(work, { timeout: false });
  return {
    'a promise, guarded by cockatiel, sampling': timesAsync(50_000, () => sampling.execute(work)),
    'a promise, guarded by cockatiel, consecutive': timesAsync(50_000, () => consecutive.execute(work)),
    'a promise, guarded by opossum': timesAsync(50_000, () => opossum.fire()),
  };
}

/** A loop that decodes, as fast as it can: the least favourable setting for a deadline. */
async function timeouts(): Promise<PolicyReport> {
  const provider = openai();
  const head = { type: 'head', status: 200, headers: new Headers() } as const;
  const message = (delta: string, rest = ''): SseMessage => ({
    type: 'message',
    event: '',
    id: '',
    // Another member varies, so that each is parsed.
    data: `{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1764000000,"model":"gpt-4o-mini","choices":[{"index":0,"delta":${delta},"logprobs":null,"finish_reason":${rest || 'null'}}],"usage":null}`,
  });
  const events = 20_000;
  const messages = Array.from({ length: events }, (_, index) => message(`{"content":" word${index}","obfuscation":"x${index}"}`));
  const tail = [message('{}', '"stop"'), { ...message(''), data: '[DONE]' }];
  const source$ = new Observable<typeof head | SseMessage>((subscriber) => {
    // Never synchronous: a synchronous source arms no timer.
    queueMicrotask(() => {
      subscriber.next(head);
      for (const each of messages) subscriber.next(each);
      for (const each of tail) subscriber.next(each);
      subscriber.complete();
    });
  });
  const events$ = source$.pipe(decode(provider, { requestId: 'r', attempt: 1, raw: false, model: 'm' }));
  const drain = (values$: Observable<unknown>) => (): Promise<number> =>
    new Promise((resolve, reject) => {
      let count = 0;
      values$.subscribe({ next: () => count++, error: reject, complete: () => resolve(count) });
    });
  const nanoseconds = await alternate({
    'the decode loop': drain(events$),
    'with streamTimeout': drain(events$.pipe(streamTimeout({ headers: 30_000, firstContent: 120_000, idle: 60_000, total: 600_000 }))),
    'with rxjs timeout({ each })': drain(events$.pipe(timeout({ each: 60_000 }))),
  });
  const loop = nanoseconds['the decode loop'];
  const added = (name: string): string => `${name}: ${((ratio(nanoseconds[name], loop) - 1) * 100).toFixed(1)} % on top of the loop`;
  return { title: 'A deadline, an event', nanoseconds, notes: [added('with streamTimeout'), added('with rxjs timeout({ each })')] };
}

async function ring(): Promise<PolicyReport> {
  const rows: Record<string, Row> = {};
  for (const depth of [16, 1_024, 32_768, 1_000_000]) {
    const buffer = new RingBuffer<number>({ maxItems: Number.POSITIVE_INFINITY, maxBytes: Number.POSITIVE_INFINITY });
    for (let index = 0; index < depth; index++) buffer.push(index, 8);
    rows[`ring, push and shift at depth ${depth}`] = times(500_000, (index) => {
      buffer.push(index, 8);
      buffer.shift();
    });
  }
  for (const depth of [16, 32_768]) {
    const array = Array.from({ length: depth }, (_, index) => index);
    rows[`array, push and shift at depth ${depth}`] = times(5_000, (index) => {
      array.push(index);
      array.shift();
    });
  }
  return { title: 'Ring', nanoseconds: await alternate(rows), notes: [] };
}

/** What is thrown is made before: beside making the very error that comes out of it, what is left is the classification. */
async function classification(): Promise<PolicyReport> {
  const overloaded = Object.assign(new Error('Overloaded'), { status: 529, headers: new Headers({ 'retry-after': '3' }) });
  const reset = Object.assign(new TypeError('fetch failed'), {
    cause: Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }),
  });
  const worded = new Error('the model is currently overloaded, try again later');
  const known = classify(overloaded);
  const { stackTraceLimit } = Error;
  const withoutTrace = (row: Row): Row => {
    return () => {
      Error.stackTraceLimit = 0;
      const operations = row();
      Error.stackTraceLimit = stackTraceLimit;
      return operations;
    };
  };
  const [busy, broken, spoken] = [classify(overloaded), classify(reset), classify(worded)];
  const made = (error: ProviderError) => (): unknown => {
    const { category, retryable, retryAfterMs, phase, status, code, detail, cause } = error;
    return new ProviderError({ category, retryable, retryAfterMs, phase, status, code, detail, cause });
  };
  const rows: Record<string, Row> = {
    'making an Error, with its trace': times(20_000, () => new Error('x')),
    'making a ProviderError, with its trace': times(20_000, made(busy)),
    'a status, with its trace': times(20_000, () => classify(overloaded)),
    'making an Error, no trace': withoutTrace(times(50_000, () => new Error('x'))),
    'making the error of a status, no trace': withoutTrace(times(50_000, made(busy))),
    'a status, no trace': withoutTrace(times(50_000, () => classify(overloaded))),
    "making the error of a network's code, no trace": withoutTrace(times(50_000, made(broken))),
    "a network's code, no trace": withoutTrace(times(50_000, () => classify(reset))),
    'making the error of words alone, no trace': withoutTrace(times(50_000, made(spoken))),
    'words alone, no trace': withoutTrace(times(50_000, () => classify(worded))),
    'already classified': times(200_000, () => classify(known)),
  };
  const nanoseconds = await alternate(rows);
  const notes = ['a status', "a network's code", 'words alone'].map((name) => {
    const beyond = middle(nanoseconds[`${name}, no trace`]) - middle(nanoseconds[`making the error of ${name}, no trace`]);
    return `${name}: ${beyond.toFixed(0)} ns beyond making its error`;
  });
  return { title: 'Classification', nanoseconds, notes };
}

async function iterable(): Promise<PolicyReport> {
  const events = 100_000;
  const event = { type: 'text-delta', text: 'x' };
  const unbounded = { maxItems: Number.POSITIVE_INFINITY, maxBytes: Number.POSITIVE_INFINITY };
  const bursts = (size: number): Observable<typeof event> =>
    new Observable((subscriber) => {
      let sent = 0;
      const burst = (): void => {
        for (let index = 0; index < size && sent < events; index++, sent++) subscriber.next(event);
        if (sent < events) setImmediate(burst);
        else subscriber.complete();
      };
      burst();
    });
  const subscribed = (size: number) => (): Promise<number> =>
    new Promise((resolve) => {
      let count = 0;
      bursts(size).subscribe({ next: () => count++, complete: () => resolve(count) });
    });
  const iterated =
    (size: number): Row =>
    async () => {
      let count = 0;
      for await (const _ of toAsyncIterable(bursts(size), unbounded)) count++;
      return count;
    };
  const rows: Record<string, Row> = {};
  for (const size of [100, 10_000, events]) {
    rows[`subscribe, bursts of ${size}`] = subscribed(size);
    rows[`for await, bursts of ${size}`] = iterated(size);
  }
  const nanoseconds = await alternate(rows, 9);
  const notes = [100, 10_000, events].map((size) => {
    const added = middle(nanoseconds[`for await, bursts of ${size}`]) - middle(nanoseconds[`subscribe, bursts of ${size}`]);
    return `for await, ${size} waiting at most: +${added.toFixed(0)} ns an event`;
  });
  return { title: 'toAsyncIterable, an event', nanoseconds, notes };
}

const suites = { breaker, timeout: timeouts, ring, classify: classification, iterable };
process.stdout.write(JSON.stringify(await suites[suite]()));
