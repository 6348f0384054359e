import { isDeepStrictEqual } from 'node:util';
import { isContentEvent } from '../../index.ts';
import { startFaultServer } from '../fault-server.ts';
import { type Answer, answerOf, expectAnswer, expectSame, show } from './answer.ts';
import { blocksOf, bytesOf, isEventStream, partsOf, withUnknownMembers } from './body.ts';
import { decoded, decoderOf, taken } from './decode.ts';
import { expectSoundEvents } from './events.ts';
import type { ConformanceCheck, ConformanceStream } from './options.ts';
import { leaveInTheMiddle } from './socket.ts';
import { answering, type Ending, endingOf, messagesOf, type Subject } from './subject.ts';

/** Cuts inside messages that are tried, spread over the whole of a body. */
const maxCuts = 150;

const keepAlives = [': keep-alive\n\n', 'event: ping\ndata: {"type":"ping"}\n\n'];
const unknown = 'event: conformance.unknown\ndata: {"type":"conformance.unknown","event_type":"conformance.unknown","value":1}\n\n';

/** What is promised of a good answer. */
export function streamChecks(subject: Subject, stream: ConformanceStream): ConformanceCheck[] {
  const body = bytesOf(stream.body);
  const blocks = blocksOf(body);
  const over = (...parts: readonly (string | Uint8Array)[]) => endingOf(subject, answering(subject, parts.map(bytesOf)));
  const whole = async (): Promise<Ending> => finished(await over(body));
  const sameAs = async (text: readonly string[], when: string) => {
    expectSame(finished(await over(text.join(''))).events, (await whole()).events, when);
  };
  const checks: Record<string, () => Promise<void>> = {
    'comes to what is expected of it': async () => {
      expectAnswer(answerOf((await whole()).events), stream.expect ?? {});
    },
    'starts once, finishes once, and says nothing after it': async () => {
      const { events } = await whole();
      const types = events.map(({ type }) => type);
      if (types[0] !== 'start' || types.lastIndexOf('start') !== 0) throw new Error(`it does not start once: ${types.join(' ')}`);
      if (types.indexOf('finish') !== types.length - 1) throw new Error(`it does not end with one finish: ${types.join(' ')}`);
      const alone = decoded(decoderOf(subject), await messagesOf(subject, body)).map(({ type }) => type);
      if (alone.indexOf('finish') !== alone.length - 1) throw new Error(`the decoder yields more after finish: ${alone.join(' ')}`);
    },
    'has events that are sound, and usage that can be counted with': async () => expectSoundEvents((await whole()).events),
    'is the same however its bytes are cut': async () => {
      const { events } = await whole();
      for (const size of [1, 2, 3, 7, 64])
        expectSame(finished(await over(...partsOf(body, size))).events, events, `in parts of ${size} bytes`);
    },
    'is the same over a socket': async () => {
      const server = await startFaultServer({ body, headers: { 'content-type': subject.contentType }, split: 7 });
      try {
        const ending = finished(await endingOf(subject, (_url, init) => fetch(server.url, init)));
        expectSame(ending.events, (await whole()).events, 'over a socket');
      } finally {
        await server.close();
      }
    },
    'is finished by its own end alone, and whole until a cut': async () => {
      const complete = answerOf((await whole()).events);
      for (const end of cutsOf(body, blocks)) expectHonest(await over(body.subarray(0, end)), complete, end);
    },
    'is not disturbed by members that nobody knows': async () => sameAs(blocks.map(withUnknownMembers), 'with unknown members'),
    'is decoded apart from another answer': async () => {
      const messages = await messagesOf(subject, body);
      const alone = decoded(decoderOf(subject), messages);
      const pair = [decoderOf(subject), decoderOf(subject)] as const;
      const [first, second] = pair.map((decoder) => taken(() => decoder.begin?.())) as [typeof alone, typeof alone];
      // The second is one message behind, and so between all of the first's.
      for (let index = 0; index <= messages.length; index++) {
        const [mine, others] = [messages[index], messages[index - 1]];
        if (mine) first.push(...taken(() => pair[0].decode(mine)));
        if (others) second.push(...taken(() => pair[1].decode(others)));
      }
      for (const [events, decoder] of [
        [first, pair[0]],
        [second, pair[1]],
      ] as const) {
        events.push(...taken(() => decoder.end?.()));
        expectSame(events, alone, 'beside another answer');
      }
    },
    'closes the socket where it is left': () => leaveInTheMiddle(subject, body, blocks),
  };
  if (isEventStream(blocks)) {
    checks['is not disturbed by keep-alives'] = () => sameAs(between(blocks, keepAlives), 'between keep-alives');
    checks['is not disturbed by events that nobody knows'] = () => sameAs(between(blocks, [unknown]), 'between unknown events');
    checks['is not made of keep-alives'] = async () => {
      const { events, error } = await over([...keepAlives, ...keepAlives].join(''));
      if (error === undefined) throw new Error('keep-alives alone are taken for a whole answer');
      if (events.some(isContentEvent)) throw new Error('a keep-alive is taken for content');
    };
  }
  return Object.entries(checks).map(([name, run]) => ({ name: `${stream.name} ${name}`, run }));
}

function between(blocks: readonly string[], others: readonly string[]): string[] {
  // A last message without its end has none after it.
  return blocks.flatMap((block) => (/[\r\n]$/.test(block) ? [block, ...others] : [block]));
}

function finished(ending: Ending): Ending {
  if (ending.error) throw new Error(`it fails: ${ending.error.message}${ending.error.detail ? ` (${ending.error.detail})` : ''}`);
  return ending;
}

/** After each message, and at places inside them. */
function cutsOf(body: Uint8Array, blocks: readonly string[]): number[] {
  const cuts = new Set<number>([0]);
  let end = 0;
  for (const block of blocks.slice(0, -1)) {
    end += bytesOf(block).length;
    cuts.add(end);
  }
  const step = Math.max(1, body.length / maxCuts);
  for (let cut = step; cut < body.length; cut += step) cuts.add(Math.floor(cut));
  return [...cuts].sort((a, b) => a - b);
}

/** Of a body that was cut, an answer may be whole or a part of it with an error, but not another one. */
function expectHonest({ events, error }: Ending, complete: Answer, end: number): void {
  const part = answerOf(events);
  const at = `cut after ${end} bytes`;
  if (!complete.text.startsWith(part.text) || !complete.reasoning.startsWith(part.reasoning))
    throw new Error(`${at}, it says what the whole does not`);
  for (const [index, call] of part.toolCalls.entries()) {
    if (!isDeepStrictEqual(call, complete.toolCalls[index])) throw new Error(`${at}, it calls a tool in part: ${show(call)}`);
  }
  if (error !== undefined) return;
  for (const member of ['text', 'reasoning', 'toolCalls', 'finishReason'] as const) {
    if (!isDeepStrictEqual(part[member], complete[member]))
      throw new Error(`${at}, it finishes, and its ${member} is ${show(part[member])}`);
  }
}
