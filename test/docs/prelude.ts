/**
 * The names that prose leaves open: what belongs to the program of whoever reads. A block that uses one and declares no such name
 * itself means these; nothing on a page says so.
 */
import { readFileSync as readFile } from 'node:fs';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { Hono } from 'hono';
import OpenAI from 'openai';
import { createClient as createRedis } from 'redis';
import * as rxjs from 'rxjs';
import { ignoreElements, of, timer } from 'rxjs';
import * as steadystream from 'steadystream';
import {
  createCircuitBreakers,
  createClient,
  createCooldowns,
  createRelayHandler,
  createRetryBudget,
  createSessions,
  memoryStore,
  openai,
  type StreamRequest,
  type ToolSet,
  textDeltas,
  tool,
} from 'steadystream';
import type { LifecycleRecord } from 'steadystream/inspector';
import type { Transcript } from 'steadystream/testing';
import * as testing from 'steadystream/testing';
import { z } from 'zod';

export { createServer } from 'node:http';
export { toSignal } from '@angular/core/rxjs-interop';
export { pino } from 'pino';
export { Registry } from 'prom-client';
export { toNodeHandler, writeEventStream } from 'steadystream/node';
export { redisEvidence, redisStore } from 'steadystream/redis';
export { acme } from '../../examples/custom-provider/acme.ts';
export { expect, it, test } from './block-tests.ts';
export { OpenAI, rxjs, steadystream, testing, z };

// Whom is asked, and what.
export const apiKey = 'sk-of-the-reader';
export const key = apiKey;
export const other = apiKey;
export const model = 'gpt-4o-mini';
export const messages: StreamRequest['messages'] = [{ role: 'user', content: 'Why is the sky blue?' }];
export const request: StreamRequest = { model, messages };
export const prompt = 'Why is the sky blue?';
export const provider = openai({ apiKey });
export const client = createClient({ provider });
export const sdk = new OpenAI({ apiKey });
export const body = { model, messages: [{ role: 'user' as const, content: prompt }] };
export const vault = { read: async (name: string) => `${name}-${apiKey}` };
export const token = (): string => 'token-of-the-reader';

// What a program of the reader's streams already.
export const tokens$ = of('Why ', 'is ', 'the sky blue?');
export const prompts$ = of(prompt, 'And the sea?');
export const events$ = client.stream(request);
export const attempt$ = client.stream(request);
export const answer$ = client.stream(request);
export const primary$ = client.stream(request);
export const secondary$ = client.stream(request);
export const answer = (content: string) => client.stream({ model, messages: [{ role: 'user', content }] }).pipe(textDeltas());

// Where it goes.
export const show = (..._text: readonly unknown[]): void => undefined;
export const save = show;
export const report = show;
export const log = show;
export const tell = (_error: unknown): void => undefined;
export const render = show;
export const addRow = show;
export const speak = (_text: string) => timer(1).pipe(ignoreElements());
export const bubble = { append: (_text: string): void => undefined };
export const caption = bubble;
export const socket = { send: (_text: string): void => undefined };
export const message = { parts: [{ type: 'text' as const, text: 'Light.' }] };
export const stop: { onclick: (() => unknown) | null } = { onclick: null };
export const localStorage = new (class {
  readonly #items = new Map<string, string>();
  getItem = (name: string): string | null => this.#items.get(name) ?? null;
  setItem = (name: string, value: string): void => void this.#items.set(name, value);
})();

// Its server, and its users.
export const breakers = createCircuitBreakers();
export const cooldowns = createCooldowns();
export const budget = createRetryBudget();
export const redis = createRedis({ url: 'redis://localhost:6379' });
redis.on('error', () => undefined);
export const store = memoryStore();
export const sessions = createSessions({ client, store });
export const handler = createRelayHandler({ sessions, authorize: () => ({}) });
export const app = new Hono();
export const server = { close: (): void => undefined };
export const incoming = Object.assign(new IncomingMessage(new Socket()), {
  method: 'GET',
  url: `/api/chat/none`,
  headers: { host: 'localhost' },
});
export const outgoing = new ServerResponse(incoming);
export const signal = new AbortController().signal;
export const userOf = (_request: Request | IncomingMessage): string => 'somebody';
export const messagesFrom = (_body: unknown): StreamRequest['messages'] => messages;
export const requestFrom = async (_context: unknown): Promise<StreamRequest> => request;
export const moderate = async (_text: string, _options?: { signal?: AbortSignal }) => ({ flagged: false });
export const fetchThroughProxy: typeof fetch = (...args) => fetch(...args);

// What it has kept.
const { id: started } = await sessions.start(request);
export const id = started;
export const cursor: string | undefined = undefined;
export const shown = '';
export const last: { cursor?: string | undefined } = {};
export const next = { role: 'user' as const, content: 'And the sea?' };

// Tools and types.
export const Recipe = z.object({ title: z.string(), steps: z.array(z.string()) });
export const recipe = Recipe;
export const readWeather = async (city: string, _signal: AbortSignal) => ({ city, sky: 'blue' });
export const tools = {
  weather: tool({ input: z.object({ city: z.string() }), execute: ({ city }, { signal }) => readWeather(city, signal) }),
} satisfies ToolSet;
export const tokenizer = { encode: (text: string): readonly number[] => [...text].map((letter) => letter.charCodeAt(0)) };

export const input = { threadId: 'thread-1', runId: 'run-1', messages: [{ id: 'message-1', role: 'user' as const, content: prompt }] };
export const records: readonly LifecycleRecord[] = [];

// What providers said once.
const chunk = (delta: object, finish_reason: string | null = null) =>
  `data: ${JSON.stringify({ id: 'cc-1', object: 'chat.completion.chunk', model, choices: [{ index: 0, delta, finish_reason }] })}\n\n`;
const said = (name: string, status: number, text: string, end: 'close' | 'reset' = 'close'): Transcript => ({
  version: 1,
  name,
  provider: 'openai',
  response: {
    status,
    headers: { 'content-type': status === 200 ? 'text/event-stream' : 'application/json' },
    chunks: [{ at: 0, text }],
    end,
  },
});
export const overloaded = said('busy', 503, '{"error":{"message":"Busy.","type":"server_error"}}');
export const cut = said('cut before content', 200, chunk({ role: 'assistant' }), 'reset');
export const whole = said('whole', 200, `${chunk({ role: 'assistant', content: 'It is raining.' })}${chunk({}, 'stop')}data: [DONE]\n\n`);
export const transcript = whole;
/** The files of the reader's incidents, and of this repository. */
export const readFileSync = (file: string, encoding: 'utf8'): string =>
  file.startsWith('incidents/') ? JSON.stringify(file.includes('whole') ? whole : cut) : readFile(file, encoding);
export const writeFile = async (_file: string, _text: string): Promise<void> => undefined;
export const openMyStore = () => memoryStore();
export const transcripts: Transcript[] = [];
export const write = (recorded: Transcript): void => void transcripts.push(recorded);
/** What `generateContentStream()` of Google's SDK comes to. */
export async function openGemini() {
  return (async function* () {
    yield { candidates: [{ content: { parts: [{ text: 'Light.' }] }, finishReason: undefined as string | undefined }] };
    yield { candidates: [{ content: { parts: [] }, finishReason: 'STOP' }] };
  })();
}
