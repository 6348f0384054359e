import type { EventLike } from '../core/event.ts';

/** A piece of text: of which part of the answer, and under which member. */
interface Piece {
  readonly part: string;
  readonly member: 'text' | 'delta';
  readonly text: string;
}

/**
 * Keeps characters whole that a provider cut in two: an event that ends with half of one is told together with the next piece of the same
 * text, under the cursor of that.
 */
export class WholeCharacters {
  #held: EventLike | undefined;

  /** The events that can be told now. */
  push(event: EventLike): readonly EventLike[] {
    const held = this.#held;
    const piece = pieceOf(event);
    if (held === undefined) {
      if (piece === undefined || !endsInHalf(piece.text)) return [event];
      this.#held = event;
      return [];
    }
    this.#held = undefined;
    const before = pieceOf(held);
    if (piece === undefined || before?.part !== piece.part) return [held, ...this.push(event)];
    return this.push({ ...held, ...event, [piece.member]: before.text + piece.text } as EventLike);
  }

  /** Nothing follows: what is left is told as it is. */
  end(): readonly EventLike[] {
    const held = this.#held;
    this.#held = undefined;
    return held ? [held] : [];
  }
}

function pieceOf(event: EventLike): Piece | undefined {
  const { type, id, text, toolCallId, delta } = event as EventLike & Readonly<Record<string, unknown>>;
  if (type === 'text-delta' || type === 'reasoning-delta' || type === 'refusal-delta') {
    return typeof text === 'string' ? { part: `${type} ${String(id)}`, member: 'text', text } : undefined;
  }
  if (type !== 'tool-input-delta' || typeof delta !== 'string') return undefined;
  return { part: `${type} ${String(toolCallId)}`, member: 'delta', text: delta };
}

function endsInHalf(text: string): boolean {
  const unit = text.charCodeAt(text.length - 1);
  return unit >= 0xd800 && unit <= 0xdbff;
}
