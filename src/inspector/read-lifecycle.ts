import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { LifecycleRecord } from './lifecycle-record.ts';
import { redacted } from './redacted.ts';

const maxRecords = 1_000_000;
const maxLineLength = 262_144;
const maxTextLength = 16_384;

/**
 * Reads a log of {@link recordLifecycle}: one record a line, as JSON. Lines that are none, as the last one of a process that was killed, are passed over.
 *
 * Rejects where the file cannot be read.
 *
 * @example
 * ```ts
 * const records = await readLifecycle('incident.ndjson');
 * ```
 */
export async function readLifecycle(path: string): Promise<readonly LifecycleRecord[]> {
  const records: LifecycleRecord[] = [];
  const lines = createInterface({ input: createReadStream(path, 'utf8'), crlfDelay: Number.POSITIVE_INFINITY });
  for await (const line of lines) {
    const record = parseRecord(line);
    if (record) records.push(record);
    if (records.length >= maxRecords) break;
  }
  return records;
}

/** A line as a record; `undefined` where it is none. A log may be somebody else's: every part is checked and bounded. */
export function parseRecord(line: string): LifecycleRecord | undefined {
  if (line.length > maxLineLength) return undefined;
  try {
    return asRecord(JSON.parse(line));
  } catch {
    return undefined;
  }
}

/** Names that a record must have to be read as what its type says. */
const needs: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  breaker: [
    ['provider', 'string'],
    ['model', 'string'],
    ['to', 'string'],
  ],
  dropped: [['records', 'number']],
  gauges: [
    ['breakers', 'array'],
    ['cooldowns', 'array'],
    ['budgets', 'array'],
  ],
};
const needsOfMoments = [
  ['requestId', 'string'],
  ['provider', 'string'],
  ['model', 'string'],
  ['attempt', 'number'],
  ['elapsedMs', 'number'],
] as const;
const needsOfMoment: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  'attempt-end': [['outcome', 'string']],
  refusal: [['error', 'object']],
  retry: [
    ['delayMs', 'number'],
    ['error', 'object'],
  ],
  recovery: [
    ['verb', 'string'],
    ['delayMs', 'number'],
    ['error', 'object'],
  ],
  cooldown: [['waitMs', 'number']],
  fallback: [
    ['to', 'object'],
    ['error', 'object'],
  ],
  error: [['error', 'object']],
};

function asRecord(value: unknown): LifecycleRecord | undefined {
  const record = bounded(value, 6) as Record<string, unknown>;
  if (kindOf(record) !== 'object' || typeof record.at !== 'number' || typeof record.type !== 'string') return undefined;
  const { type } = record;
  const fields = Object.hasOwn(needs, type)
    ? needs[type]
    : [...needsOfMoments, ...(Object.hasOwn(needsOfMoment, type) ? (needsOfMoment[type] ?? []) : [])];
  return fields?.every(([name, kind]) => kindOf(record[name]) === kind) ? (record as unknown as LifecycleRecord) : undefined;
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return value === null ? 'null' : typeof value;
}

function bounded(value: unknown, depth: number, name = ''): unknown {
  if (typeof value === 'string') return name === 'request' || name === 'text' ? value.slice(0, maxTextLength) : redacted(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth === 0) return undefined;
  if (Array.isArray(value)) return value.slice(0, 1_000).map((each) => bounded(each, depth - 1));
  const entries = Object.entries(value).filter(([key]) => key !== '__proto__');
  return Object.fromEntries(entries.slice(0, 64).map(([key, each]) => [key, bounded(each, depth - 1, key)]));
}
