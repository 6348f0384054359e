/** Answers in Angular applications, as signals: `steadystream/angular`. */
export type { AnswerView } from './answer-view.ts';
export type { ChatMessage } from './chat-message.ts';
export type { ChatStorage } from './chat-storage.ts';
export { type Answer, type AnswerOptions, injectAnswer } from './inject-answer.ts';
export { type Chat, type ChatOptions, injectChat } from './inject-chat.ts';
export { injectSteadyStream, provideSteadyStream, STEADYSTREAM_CLIENT, type SteadyStreamConfig } from './provide-steady-stream.ts';
