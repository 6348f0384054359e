import type { EventLike } from '../../../src/core/event.ts';
import type { StreamRecord } from '../../../src/recovery/stream-record.ts';

/** What the text of an event says of where it belongs. */
export interface Token {
  readonly epoch: number;
  readonly sequence: number;
  readonly by: string;
  readonly text: string;
}

export function tokenEvent(epoch: number, sequence: number, by: string): EventLike & { readonly text: string } {
  return { type: 'text-delta', id: '0', text: `${epoch}.${sequence}.${by};` } as EventLike & { readonly text: string };
}

export function tokensIn(text: string): Token[] {
  return text
    .split(';')
    .slice(0, -1)
    .map((each) => {
      const [epoch, sequence, by = ''] = each.split('.');
      return { epoch: Number(epoch), sequence: Number(sequence), by, text: `${each};` };
    });
}

/** The sequence has no gap but the first entry of each epoch, which is no event, and the epoch never goes back. */
export function expectContiguous(tokens: readonly Token[], { epoch, last }: Pick<StreamRecord, 'epoch' | 'last'>): void {
  let before = { epoch: 0, sequence: 0 };
  for (const token of tokens) {
    const marks = token.epoch - before.epoch;
    if (marks < 0 || token.sequence !== before.sequence + marks + 1)
      throw new Error(`${token.text} follows ${before.epoch}.${before.sequence}`);
    before = token;
  }
  const marks = epoch - before.epoch;
  if (last !== before.sequence + marks)
    throw new Error(`the last entry is ${epoch}.${last}, and the last event ${before.epoch}.${before.sequence}`);
}
