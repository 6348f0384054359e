import type { HttpAgent, Tool } from '@ag-ui/client';

/** The tools that run here, beside the client. */
const tools: Record<string, { readonly definition: Tool; readonly run: (input: { city: string }) => string }> = {
  weather: {
    definition: {
      name: 'weather',
      description: 'The weather in a city.',
      parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
    },
    run: ({ city }) => JSON.stringify({ city, degrees: 21 }),
  },
};

/** Asks an agent, runs the tools that it calls, and asks on until it has its answer. Tells each piece of text, and each call. */
export async function ask(agent: HttpAgent, question: string, tell: (piece: string) => void): Promise<void> {
  agent.addMessage({ id: crypto.randomUUID(), role: 'user', content: question });
  for (let turn = 1; turn <= 5; turn++) {
    let failure: string | undefined;
    let pending: readonly string[] = [];
    await agent.runAgent(
      { tools: Object.values(tools).map(({ definition }) => definition) },
      {
        onTextMessageContentEvent: ({ event }) => tell(event.delta),
        onToolCallEndEvent: ({ toolCallName, toolCallArgs }) => tell(`[${toolCallName} ${JSON.stringify(toolCallArgs)}] `),
        onRunErrorEvent: ({ event }) => {
          failure = event.message;
        },
        onRunFinishedEvent: ({ event }) => {
          pending = event.outcome?.type === 'success' ? (event.outcome.pendingToolCallIds ?? []) : [];
        },
      },
    );
    if (failure !== undefined) throw new Error(failure);
    if (pending.length === 0) return;
    answerCalls(agent, pending);
  }
}

function answerCalls(agent: HttpAgent, pending: readonly string[]): void {
  for (const message of [...agent.messages]) {
    for (const { id, function: call } of message.role === 'assistant' ? (message.toolCalls ?? []) : []) {
      if (!pending.includes(id)) continue;
      const content = tools[call.name]?.run(JSON.parse(call.arguments)) ?? 'There is no such tool.';
      agent.addMessage({ id: crypto.randomUUID(), role: 'tool', toolCallId: id, content });
    }
  }
}
