import { isObject, type JsonObject } from '../core/json-value.ts';
import { malformedStream } from './stream-errors.ts';
import { appendToolInput } from './tool-input.ts';

type Step = string | number;

/** An object or array that is being written. */
interface Container {
  /** Where it stands in the one around it. */
  readonly step: Step;
  readonly isArray: boolean;
  readonly names: Set<string>;
  length: number;
}

const maxPath = 4_096;
const maxDepth = 64;
const step = /\.([^.[\]]+)|\[(\d{1,9})\]|\[("(?:[^"\\]|\\.)*")\]|\[('(?:[^'\\]|\\.)*')\]/sy;

/**
 * Writes the arguments of a tool call that arrive value by value, each under a JSONPath (`$.days[0].name`), as JSON text.
 *
 * They come in the order in which the model writes them, so the text can be given out as it grows, and nothing is ever assigned to a path
 * that a stream names. Values out of order, a name used twice and a place in an array that is skipped are errors.
 */
export class PartialArguments {
  #text = '';
  readonly #containers: Container[] = [];
  /** The path of a string of which more may come. */
  #open: string | undefined;

  /** The JSON written so far; whole after {@link PartialArguments.end}. */
  get text(): string {
    return this.#text;
  }

  /** Whether the last value is one of which more was announced. */
  get isWithinValue(): boolean {
    return this.#open !== undefined;
  }

  /** Takes one entry of `partialArgs`; returns the JSON that it adds. */
  add(entry: unknown): string {
    if (!isObject(entry) || typeof entry.jsonPath !== 'string') throw malformedStream('an argument of a tool call without a path');
    const path = entry.jsonPath;
    const more = entry.willContinue === true;
    let delta: string;
    if (path === this.#open) {
      delta = escaped(entry.stringValue ?? '');
      if (!more) delta += this.#closeString();
    } else {
      // The model writes one value after the other: where the next begins, the last has ended.
      delta = this.#closeString() + this.#moveTo(stepsOf(path));
      if (typeof entry.stringValue === 'string') {
        this.#open = path;
        delta += `"${escaped(entry.stringValue)}`;
        if (!more) delta += this.#closeString();
      } else {
        delta += literalOf(entry);
      }
    }
    this.#text = appendToolInput(this.#text, delta);
    return delta;
  }

  /** Closes what is open; returns the JSON that it adds. */
  end(): string {
    const delta = this.#closeString() + this.#closeContainers(0);
    this.#text = appendToolInput(this.#text, delta);
    return delta;
  }

  #closeString(): string {
    if (this.#open === undefined) return '';
    this.#open = undefined;
    return '"';
  }

  #closeContainers(keep: number): string {
    let closed = '';
    while (this.#containers.length > keep) closed += this.#containers.pop()?.isArray ? ']' : '}';
    return closed;
  }

  /** Leaves the containers that a path is not in, and enters those that it is in. */
  #moveTo(steps: readonly Step[]): string {
    const containers = this.#containers;
    let text = '';
    if (containers.length === 0) text += this.#enter('', false);
    let depth = 1;
    while (depth < containers.length && depth < steps.length && isIn(containers[depth], steps[depth - 1], steps[depth])) depth++;
    text += this.#closeContainers(depth);
    for (let index = depth - 1; index < steps.length; index++) {
      const each = steps[index] as Step;
      text += place(containers[index] as Container, each);
      const next = steps[index + 1];
      if (next !== undefined) text += this.#enter(each, typeof next === 'number');
    }
    return text;
  }

  #enter(at: Step, isArray: boolean): string {
    this.#containers.push({ step: at, isArray, names: new Set(), length: 0 });
    return isArray ? '[' : '{';
  }
}

function isIn(container: Container | undefined, at: Step | undefined, next: Step | undefined): boolean {
  return container?.step === at && container?.isArray === (typeof next === 'number');
}

function place(container: Container, at: Step): string {
  const comma = container.length++ === 0 ? '' : ',';
  if (container.isArray && at === container.length - 1) return comma;
  if (container.isArray || typeof at === 'number' || container.names.has(at)) {
    throw malformedStream('the arguments of a tool call are out of order');
  }
  container.names.add(at);
  return `${comma}${JSON.stringify(at)}:`;
}

function literalOf(entry: JsonObject): string {
  const { numberValue, boolValue } = entry;
  if (typeof numberValue === 'number' || typeof boolValue === 'boolean') return JSON.stringify(numberValue ?? boolValue);
  if (Object.hasOwn(entry, 'nullValue')) return 'null';
  throw malformedStream('an argument of a tool call without a value');
}

function stepsOf(path: string): Step[] {
  const steps: Step[] = [];
  step.lastIndex = 1;
  while (path.startsWith('$') && path.length <= maxPath && step.lastIndex < path.length && steps.length < maxDepth) {
    const found = step.exec(path);
    if (found === null) break;
    const [, name, index, quoted, single] = found;
    steps.push(name ?? (index === undefined ? unquoted(quoted ?? doubleQuoted(single ?? '')) : Number(index)));
    if (step.lastIndex === path.length && typeof steps[0] === 'string') return steps;
  }
  throw malformedStream('an argument of a tool call with a path that cannot be read');
}

function unquoted(quoted: string): string {
  try {
    return String(JSON.parse(quoted));
  } catch {
    throw malformedStream('an argument of a tool call with a path that cannot be read');
  }
}

function doubleQuoted(single: string): string {
  const inner = single.slice(1, -1).replace(/\\.|"/gs, (each) => (each === '"' ? '\\"' : each === "\\'" ? "'" : each));
  return `"${inner}"`;
}

function escaped(value: unknown): string {
  if (typeof value !== 'string') throw malformedStream('an argument of a tool call that changes its kind');
  return JSON.stringify(value).slice(1, -1);
}
