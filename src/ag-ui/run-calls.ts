import type { AgUiMessage } from './run-agent-input.ts';

/** The calls of tools in a run: under which ids a client knows them, and which are still to be answered. */
export class RunCalls {
  readonly #before: ReadonlySet<string>;
  readonly #ids = new Map<string, string>();
  #taken: Set<string>;
  #pending = new Set<string>();

  constructor(messages: readonly AgUiMessage[]) {
    this.#before = new Set(messages.flatMap(idsOfCalls));
    this.#taken = new Set(this.#before);
  }

  get pending(): readonly string[] {
    return [...this.#pending];
  }

  /** A new call. One of an id that is known is another: some providers begin to count anew with each turn, and clients would add the two up. */
  begin(toolCallId: string): string {
    let id = toolCallId;
    for (let count = 2; this.#taken.has(id); count++) id = `${toolCallId}~${count}`;
    this.#taken.add(id);
    this.#ids.set(toolCallId, id);
    this.#pending.add(id);
    return id;
  }

  /** The id of the call that was answered; `undefined` for one that nobody has made. */
  answer(toolCallId: string): string | undefined {
    const id = this.#ids.get(toolCallId);
    if (id !== undefined) this.#pending.delete(id);
    return id;
  }

  clear(): void {
    this.#ids.clear();
    this.#taken = new Set(this.#before);
    this.#pending = new Set();
  }
}

function idsOfCalls(message: AgUiMessage): string[] {
  const { toolCalls } = message as { readonly toolCalls?: unknown };
  return Array.isArray(toolCalls) ? toolCalls.map((call: { readonly id?: unknown } | null) => String(call?.id)) : [];
}
