import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { isRecord } from './is-record.ts';
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

/** What somebody else says is a record, with every part bounded; `undefined` where it is none. */
export function asRecord(value: unknown): LifecycleRecord | undefined {
  const record = bounded(value, 6);
  return isRecord(record) ? record : undefined;
}

function bounded(value: unknown, depth: number, name = ''): unknown {
  if (typeof value === 'string') return name === 'request' || name === 'text' ? value.slice(0, maxTextLength) : redacted(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth === 0) return undefined;
  if (Array.isArray(value)) return value.slice(0, 1_000).map((each) => bounded(each, depth - 1));
  const entries = Object.entries(value).filter(([key]) => key !== '__proto__');
  return Object.fromEntries(entries.slice(0, 64).map(([key, each]) => [key, bounded(each, depth - 1, key)]));
}
