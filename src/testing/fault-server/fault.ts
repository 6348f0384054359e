import type { AnswerOptions, Bytes, Step } from './answer.ts';
import type { WireFormat } from './content.ts';
import type { Outlet } from './outlet.ts';
import { wires } from './wires.ts';

/** The scripted fault: it happens once. */
export class Fault {
  readonly #answer: AnswerOptions;
  readonly #outlet: Outlet;
  readonly #wire: WireFormat;
  readonly steps: readonly Step[];
  #happened = false;

  constructor(answer: AnswerOptions, outlet: Outlet, wire: WireFormat) {
    this.#answer = answer;
    this.#outlet = outlet;
    this.#wire = wire;
    this.steps = [answer.fault ?? []].flat();
  }

  /** Takes the steps, unless it has happened before. True: the answer is over. */
  async happens(): Promise<boolean> {
    if (this.#happened || this.steps.length === 0) return false;
    this.#happened = true;
    await this.#outlet.flush();
    for (const [index, step] of this.steps.entries()) {
      if (await this.#take(step, index === this.steps.length - 1)) return true;
    }
    return false;
  }

  async #take(step: Step, last: boolean): Promise<boolean> {
    const outlet = this.#outlet;
    const { bytesPerSecond = 65_536, maxBytes = 256 * 1024 * 1024, after } = this.#answer;
    if (typeof step === 'object') {
      if ('wait' in step) await outlet.wait(step.wait);
      else if ('send' in step) for (const bytes of bytesOf(step.send)) await outlet.send(bytes);
      else if ('error' in step) return this.#sendError(wires[this.#wire].error(step.error), last);
      else return outlet.sendEndlessly(step.endless, bytesPerSecond, maxBytes).then(() => true);
      return false;
    }
    switch (step) {
      case 'malformed':
        await outlet.send(wires[this.#wire].malformed);
        return false;
      case 'error-event':
        return this.#sendError(wires[this.#wire].error(), last);
      case 'end':
        await outlet.finish(after === 'request' ? 'cut' : 'complete');
        return true;
      case 'truncate':
        await outlet.truncate();
        return true;
      case 'reset':
        await outlet.reset();
        return true;
      case 'stall':
        await outlet.stall();
        return true;
      case 'endless-status-line':
        await outlet.send('HTTP/1.1 200 ');
        break;
      case 'endless-headers':
        await outlet.send('HTTP/1.1 200 OK\r\n');
        await outlet.sendEndlessly('x-endless: x\r\n', bytesPerSecond, maxBytes);
        return true;
      case 'endless-line':
        await outlet.send(wires[this.#wire].endless);
        break;
      default:
        throw new TypeError(`fault: ${String(step satisfies never)} is not a step`);
    }
    await outlet.sendEndlessly('x', bytesPerSecond, maxBytes);
    return true;
  }

  async #sendError(message: string, last: boolean): Promise<boolean> {
    await this.#outlet.send(message);
    if (last) await this.#outlet.finish('complete');
    return last;
  }
}

/** Bytes one after the other. */
export function bytesOf(bytes: Bytes | Iterable<Bytes>): Iterable<Bytes> {
  return typeof bytes === 'string' || bytes instanceof Uint8Array ? [bytes] : bytes;
}
