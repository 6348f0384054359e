import { Buffer } from 'node:buffer';
import type { OutgoingHttpHeaders } from 'node:http';
import type { Answer, AnswerOptions, BodyAnswer, Bytes, HttpAnswerOptions, RawAnswer, StreamAnswer } from './answer.ts';
import type { MessageRole, WireMessage } from './content.ts';
import { bytesOf, Fault } from './fault.ts';
import { messageEncoder } from './message-encoder.ts';
import type { Outlet } from './outlet.ts';
import type { Recording } from './recorded-request.ts';
import { wires } from './wires.ts';

const contentFields = ['text', 'reasoning', 'refusal', 'toolCalls', 'events', 'usage', 'finishReason'] as const;

function isRaw(answer: Answer): answer is RawAnswer {
  return 'raw' in answer;
}

function isBody(answer: Answer): answer is BodyAnswer {
  return 'body' in answer || ('status' in answer && !contentFields.some((field) => field in answer));
}

/** Plays one answer to its end. Rejects when the client goes, and when the answer is not one. */
export async function play(answer: Answer, outlet: Outlet, recording: Recording): Promise<void> {
  const fault = new Fault(answer, outlet, recording.wire);
  if (answer.after === 'request' && (await fault.happens())) return;
  if (isRaw(answer)) await playBytes(bytesOf(answer.raw), answer, outlet, fault);
  else if (isBody(answer)) await playBody(answer, outlet, recording, fault);
  else await playStream(answer, outlet, recording, fault);
}

async function playStream(answer: StreamAnswer, outlet: Outlet, recording: Recording, fault: Fault): Promise<void> {
  const { after = 'deltas', tokenDelay = 0, heartbeat } = answer;
  await sendHead(answer, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' }, outlet, recording);
  outlet.heartbeat = typeof heartbeat === 'number' ? { every: heartbeat, send: wires[recording.wire].ping } : heartbeat;
  if (after === 'headers' && (await fault.happens())) return;

  const encode = messageEncoder(answer);
  let deltas = 0;
  for (const { role, text } of messagesOf(answer, recording)) {
    const due = after === 0 ? role !== 'opening' : (after === 'deltas' || typeof after === 'number') && isTail(role);
    if (due && (await fault.happens())) return;
    if (role === 'delta') {
      deltas += 1;
      if (tokenDelay > 0) await outlet.wait(tokenDelay);
    }
    await outlet.send(encode(text));
    const dueNow = (role === 'delta' && deltas === after) || role === after;
    if (dueNow && (await fault.happens())) return;
  }
  if (!(await fault.happens())) await outlet.finish('complete');
}

function isTail(role: MessageRole): boolean {
  return role !== 'opening' && role !== 'delta';
}

function* messagesOf(answer: StreamAnswer, recording: Recording): Iterable<WireMessage> {
  if (answer.events !== undefined) {
    for (const text of answer.events) yield { role: 'delta', text };
    return;
  }
  const asked = (recording.body as { model?: unknown } | undefined)?.model;
  const content = typeof asked === 'string' ? { ...answer, model: answer.model ?? asked } : answer;
  yield* wires[recording.wire].messages(content);
}

async function playBody(answer: BodyAnswer, outlet: Outlet, recording: Recording, fault: Fault): Promise<void> {
  const { body = '', status } = answer;
  const bytes = Buffer.from(typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body));
  const hasNoBody = status === 204 || status === 304;
  const defaults: OutgoingHttpHeaders = {
    ...(bytes.length === 0 ? {} : { 'content-type': contentTypeOf(body) }),
    ...(hasNoBody || fault.steps.length > 0 ? {} : { 'content-length': bytes.length }),
  };
  await sendHead(answer, defaults, outlet, recording);
  if (answer.after === 'headers' && (await fault.happens())) return;
  await playBytes([bytes], answer, outlet, fault);
}

function contentTypeOf(body: Bytes | object): string {
  if (body instanceof Uint8Array) return 'application/octet-stream';
  if (typeof body !== 'string') return 'application/json';
  return body.startsWith('<') ? 'text/html; charset=utf-8' : 'text/plain; charset=utf-8';
}

async function playBytes(all: Iterable<Bytes>, answer: AnswerOptions, outlet: Outlet, fault: Fault): Promise<void> {
  let room = typeof answer.after === 'number' ? answer.after : Number.POSITIVE_INFINITY;
  for (const bytes of all) {
    let rest: Uint8Array = Buffer.from(bytes);
    if (rest.length >= room) {
      await outlet.send(rest.subarray(0, room));
      if (await fault.happens()) return;
      rest = rest.subarray(room);
      room = Number.POSITIVE_INFINITY;
    }
    await outlet.send(rest);
    room -= rest.length;
  }
  if (!(await fault.happens())) await outlet.finish('complete');
}

async function sendHead(answer: HttpAnswerOptions, defaults: OutgoingHttpHeaders, outlet: Outlet, recording: Recording): Promise<void> {
  const headers: OutgoingHttpHeaders = {
    ...defaults,
    [wires[recording.wire].requestIdHeader]: `req_fault_${recording.index}`,
  };
  for (const [name, value] of Object.entries(answer.headers ?? {})) {
    if (value === null) delete headers[name.toLowerCase()];
    else headers[name.toLowerCase()] = typeof value === 'object' ? [...value] : value;
  }
  if (answer.headersDelay !== undefined) await outlet.wait(answer.headersDelay);
  await outlet.sendHead({ status: answer.status ?? 200, headers, drip: answer.headersDrip });
}
