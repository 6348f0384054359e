import { from } from 'rxjs';
import { z } from 'zod';
import { accumulate, type EventLike, elements, json } from '../../src/index.ts';

/** What reads a JSON text as it grows. */
export type JsonContender =
  | 'json()'
  | 'elements()'
  | 'accumulate()'
  | 'AI SDK parsePartialJson'
  | 'OpenAI partial-json-parser'
  | 'JSON.parse, once';

/** The shape of the text: an array of records, one of numbers, one wide object, one long string. */
export type JsonShape = 'records' | 'numbers' | 'members' | 'string';

/** One measurement, made in a process of its own. */
export interface JsonJob {
  readonly contender: JsonContender;
  readonly shape: JsonShape;
  readonly sizes: readonly number[];
}

/** Milliseconds of CPU time, by size and round, and how many values were seen. */
export interface JsonMeasured {
  readonly sizes: readonly {
    readonly characters: number;
    readonly deltas: number;
    readonly values: number;
    readonly milliseconds: readonly number[];
  }[];
}

const job = JSON.parse(process.argv[2] ?? '') as JsonJob;

/** Reads a text in deltas of four characters, looks at each value as far as its first member, and returns how many there were. */
type Reader = (pieces: readonly string[]) => number | Promise<number>;

const readers: Record<JsonContender, () => Promise<Reader>> = {
  'json()': async () => (pieces) => observe(from(eventsOf(pieces)).pipe(json(z.any()))),
  'elements()': async () => (pieces) => observe(from(eventsOf(pieces)).pipe(elements(z.any(), { path: 'items' }))),
  'accumulate()': async () => (pieces) => observe(from(eventsOf(pieces)).pipe(accumulate())),
  'JSON.parse, once': async () => (pieces) => {
    glance(JSON.parse(pieces.join('')));
    return 1;
  },
  'AI SDK parsePartialJson': async () => {
    const { parsePartialJson } = (await import('ai' as string)) as { parsePartialJson: (text: string) => Promise<{ value: unknown }> };
    return async (pieces) => {
      let text = '';
      for (const piece of pieces) {
        text += piece;
        glance((await parsePartialJson(text)).value);
      }
      return pieces.length;
    };
  },
  'OpenAI partial-json-parser': async () => {
    const path = 'openai/_vendor/partial-json-parser/parser.mjs';
    const { partialParse } = (await import(path)) as { partialParse: (text: string) => unknown };
    return (pieces) => {
      let text = '';
      for (const piece of pieces) {
        text += piece;
        glance(partialParse(text));
      }
      return pieces.length;
    };
  },
};

function observe(values: { subscribe(observer: { next: (value: unknown) => void; error: (error: unknown) => void }): unknown }): number {
  let count = 0;
  values.subscribe({
    next: (value) => {
      count++;
      glance(value);
    },
    error: (error) => {
      throw error;
    },
  });
  return count;
}

function glance(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  for (const _ in value) break;
}

function eventsOf(pieces: readonly string[]): EventLike[] {
  return pieces.map((text) => ({ type: 'text-delta', id: '0', text }) as EventLike);
}

function textOf(shape: JsonShape, size: number): string {
  if (shape === 'string') return JSON.stringify({ answer: 'some words of text '.repeat(Math.ceil(size / 19)) });
  const count = Math.ceil(size / { records: 106, numbers: 7, members: 21 }[shape]);
  if (shape === 'members')
    return JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, index) => [`member${index}`, `v${index}`])));
  const record = (index: number) => ({
    id: index,
    name: 'a name',
    price: index / 100,
    tags: ['one', 'two'],
    text: 'some words that say what it is',
  });
  const items = Array.from({ length: count }, (_, index) => (shape === 'numbers' ? (index * 7_919) % 1_000_000 : record(index)));
  return JSON.stringify({ items });
}

const read = await readers[job.contender]();
const sizes: JsonMeasured['sizes'][number][] = [];
for (const size of job.sizes) {
  const text = textOf(job.shape, size);
  const pieces = text.match(/.{1,4}/gs) ?? [];
  const budget = performance.now() + 3_000;
  const milliseconds: number[] = [];
  let values = 0;
  for (let round = 0; round < 3 || (round < 200 && performance.now() < budget); round++) {
    const start = process.cpuUsage();
    values = await read(pieces);
    const { user, system } = process.cpuUsage(start);
    milliseconds.push((user + system) / 1_000);
    if (performance.now() > budget + 5_000) break;
  }
  sizes.push({ characters: text.length, deltas: pieces.length, values, milliseconds });
}
process.stdout.write(JSON.stringify({ sizes } satisfies JsonMeasured));
