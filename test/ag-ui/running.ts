import { type AgentSubscriber, type BaseEvent, HttpAgent, type Message } from '@ag-ui/client';
import { EventSchemas } from '@ag-ui/core/schemas';
import { vi } from 'vitest';

/** What a client of AG-UI makes of a run: its own reducer, behind its own verification. */
export interface Run {
  readonly events: readonly BaseEvent[];
  readonly messages: readonly Message[];
  /** What it failed with. */
  readonly failure: unknown;
  /** What the client has complained of. */
  readonly warnings: readonly unknown[];
}

/** Asks an agent, over whatever `fetch` reaches. Every event that came must be one of the protocol. */
export async function runByAgent(url: string, options: { fetch?: typeof fetch; agent?: HttpAgent; runId?: string } = {}): Promise<Run> {
  const agent = options.agent ?? newAgent(url, options.fetch);
  const events: BaseEvent[] = [];
  const subscriber: AgentSubscriber = {
    onEvent: ({ event }) => {
      events.push(EventSchemas.parse(event) as BaseEvent);
    },
  };
  let failure: unknown;
  const warnings: unknown[] = [];
  const spies = (['warn', 'error'] as const).map((level) =>
    vi.spyOn(console, level).mockImplementation((...words) => {
      warnings.push(words);
    }),
  );
  await agent.runAgent({ runId: options.runId ?? 'run-1' }, subscriber).catch((error: unknown) => {
    failure = error;
  });
  for (const spy of spies) spy.mockRestore();
  return { events, messages: agent.messages, failure, warnings };
}

export function newAgent(url: string, fetch?: typeof globalThis.fetch): HttpAgent {
  return new HttpAgent({
    url,
    threadId: 'thread-1',
    initialMessages: [{ id: 'user-1', role: 'user', content: 'Hello' }],
    ...(fetch && { fetch: fetch as NonNullable<ConstructorParameters<typeof HttpAgent>[0]['fetch']> }),
  });
}
