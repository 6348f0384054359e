import type { LifecycleRecord } from './lifecycle-record.ts';

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

/** Whether something is a record that can be read as what its type says; types that nobody knows are moments of a stream. */
export function isRecord(value: unknown): value is LifecycleRecord {
  const record = value as Readonly<Record<string, unknown>>;
  if (kindOf(value) !== 'object' || kindOf(record.at) !== 'number' || typeof record.type !== 'string') return false;
  const { type } = record;
  const own = (table: typeof needs) => (Object.hasOwn(table, type) ? table[type] : undefined);
  const fields = own(needs) ?? [...needsOfMoments, ...(own(needsOfMoment) ?? [])];
  return fields.every(([name, kind]) => kindOf(record[name]) === kind);
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number' && !Number.isFinite(value)) return 'no number';
  return value === null ? 'null' : typeof value;
}
