/** What only whoever asks puts into a conversation: a name for something that is kept elsewhere, of whomever, and the leave to run a tool. */
const typesOfAsking = new Set<unknown>(['item_reference', 'mcp_approval_response']);

/**
 * Whether an item of a provider, as a page gives it back, can be one of a model's answer.
 *
 * One with a role speaks for somebody, and could speak as the system.
 */
export function isItemOfAnswer(item: Readonly<Record<string, unknown>>): boolean {
  return !('role' in item) && !typesOfAsking.has(item.type);
}
