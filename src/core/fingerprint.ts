import type { StreamRequest } from './request.ts';
import { sha256 } from './sha-256.ts';

/** What is still to be told: text as it stands, a value, or that a value has been left. */
type Step = string | { readonly value: unknown } | { readonly left: object };

/**
 * A short name for what a request asks, the same whatever the order of its members.
 *
 * 160 bits of SHA-256: answers are shared by it, and nobody can make a request that is given the answer of another's. Its cost is linear in the
 * request, however deep that is.
 */
export function fingerprintOf(request: StreamRequest): string {
  return sha256(new TextEncoder().encode(canonical(request))).slice(0, 40);
}

/** As JSON, with the members in order; bytes by what they hash to. */
function canonical(root: unknown): string {
  const told: string[] = [];
  const open = new Set<object>();
  const steps: Step[] = [{ value: root }];
  for (let step = steps.pop(); step !== undefined; step = steps.pop()) {
    if (typeof step === 'string') {
      told.push(step);
    } else if ('left' in step) {
      open.delete(step.left);
    } else {
      const value = asJson(step.value);
      if (typeof value !== 'object' || value === null)
        told.push(typeof value === 'bigint' ? `${value}n` : (JSON.stringify(value) ?? 'null'));
      else if (ArrayBuffer.isView(value)) told.push(`bytes(${sha256(bytesOf(value))})`);
      // One that holds itself is no JSON, and its provider will say so.
      else if (open.has(value)) told.push('itself');
      else {
        open.add(value);
        steps.push({ left: value });
        enter(value, steps);
      }
    }
  }
  return told.join('');
}

/** Puts what an object holds on the stack: what is told first comes last. */
function enter(value: object, steps: Step[]): void {
  if (Array.isArray(value)) {
    steps.push(']');
    for (let index = value.length - 1; index >= 0; index--) steps.push(',', { value: value[index] });
    steps.push('[');
    return;
  }
  const members = value as Readonly<Record<string, unknown>>;
  steps.push('}');
  for (const name of Object.keys(members).sort().reverse()) {
    const member = members[name];
    if (member !== undefined && typeof member !== 'function' && typeof member !== 'symbol') {
      steps.push(',', { value: member }, `${JSON.stringify(name)}:`);
    }
  }
  steps.push('{');
}

function asJson(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  const { toJSON } = value as { readonly toJSON?: unknown };
  return typeof toJSON === 'function' ? (toJSON.call(value) as unknown) : value;
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
