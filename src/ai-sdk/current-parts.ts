/**
 * The parts of a message that count: those after the last `data-restart` part.
 *
 * A page that shows them shows no text twice, whatever was begun anew. It works on messages of the user as well.
 *
 * @example
 * ```tsx
 * {currentParts(message.parts).map((part, index) => (part.type === 'text' ? <p key={index}>{part.text}</p> : null))}
 * ```
 */
export function currentParts<P extends { readonly type: string }>(parts: readonly P[]): P[] {
  return parts.slice(parts.findLastIndex(({ type }) => type === 'data-restart') + 1);
}
