/** Agents for clients of AG-UI: `steadystream/ag-ui`. */
export type { AgUiEvent, AgUiUsage } from './ag-ui-event.ts';
export { type AgUiHandlerOptions, createAgUiHandler, type RunClient, type RunSessions } from './ag-ui-handler.ts';
export type { AgUiMessage, AgUiRun, AgUiTool } from './run-agent-input.ts';
export { toAgUiEvents } from './to-ag-ui-events.ts';
export { toMessages, toTools } from './to-messages.ts';
