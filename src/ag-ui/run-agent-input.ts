import { UnreadableRequest } from '../endpoint.ts';

/** A message of AG-UI, as far as its role tells. */
export interface AgUiMessage {
  readonly id: string;
  readonly role: 'developer' | 'system' | 'assistant' | 'user' | 'tool' | 'activity' | 'reasoning';
}

/** A tool that the client runs. */
export interface AgUiTool {
  readonly name: string;
  readonly description?: string | undefined;
  /** A JSON Schema. */
  readonly parameters?: unknown;
}

/** What a client of AG-UI sends to have an agent run: `RunAgentInput`. */
export interface AgUiRun {
  readonly threadId: string;
  readonly runId: string;
  readonly messages: readonly AgUiMessage[];
  readonly tools?: readonly AgUiTool[] | undefined;
  readonly context?: readonly { readonly description: string; readonly value: string }[] | undefined;
  readonly state?: unknown;
  readonly forwardedProps?: unknown;
}

/** The messages of a run that were there before it: a client that asks for the same run again holds some of its own. */
export function messagesBefore({ messages, runId }: AgUiRun): readonly AgUiMessage[] {
  return messages.filter((message) => !isOfRun(message, runId));
}

/** Whether a message is one that a run has said. */
export function isOfRun({ id }: AgUiMessage, runId: string): boolean {
  return id.startsWith(`${runId}/`);
}

/** @throws UnreadableRequest for what is no run; what the messages hold is checked by who converts them. */
export function parseRun(body: unknown): AgUiRun {
  const run = (typeof body === 'object' && body !== null ? body : {}) as Partial<AgUiRun>;
  for (const name of ['threadId', 'runId'] as const) {
    const id = run[name];
    if (typeof id !== 'string' || id === '' || id.length > 200) {
      throw new UnreadableRequest(400, `${name} must be a text of 1 to 200 characters`);
    }
  }
  const { messages, tools } = run;
  if (!Array.isArray(messages) || !messages.every((message: Partial<AgUiMessage> | null) => typeof message?.id === 'string')) {
    throw new UnreadableRequest(400, 'messages must be an array of messages, each with its id');
  }
  if (tools !== undefined && !(Array.isArray(tools) && tools.every((tool) => typeof tool === 'object' && tool !== null))) {
    throw new UnreadableRequest(400, 'tools must be an array of tools');
  }
  const whole = run as AgUiRun;
  return { ...whole, messages: messagesBefore(whole) };
}
