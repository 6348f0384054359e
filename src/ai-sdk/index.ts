/** Endpoints for the AI SDK's `useChat`: `steadystream/ai-sdk`. */
export { type ActiveChats, type MemoryActiveChatsOptions, memoryActiveChats } from './active-chats.ts';
export type { ChatSessions } from './chat-answers.ts';
export type { ChatRequest } from './chat-request.ts';
export { currentParts } from './current-parts.ts';
export { toMessages, type UIMessageLike, type UIPartLike } from './to-messages.ts';
export { toUIMessageChunks, type UIMessageChunksConfig } from './to-ui-message-chunks.ts';
export { toUIMessageStreamResponse, type UIMessageStreamOptions } from './to-ui-message-stream-response.ts';
export type { UIDataParts, UIMessageChunk, UIMessageMetadata, UIRestart } from './ui-message-chunk.ts';
export { createUIMessageHandler, type UIMessageHandlerOptions } from './ui-message-handler.ts';
