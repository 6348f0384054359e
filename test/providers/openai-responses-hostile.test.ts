import fc from 'fast-check';
import { expect, it } from 'vitest';
import { openaiResponses } from '../../src/providers/openai-responses.ts';
import { holds, numRuns, same, timeout } from '../properties/runs.ts';
import { decodeAll, head, message } from './decoding.ts';
import {
  callItem,
  completed,
  created,
  event as eventOf,
  itemAdded,
  itemDone,
  messageItem,
  numbered,
  say,
  textDone,
} from './responses-events.ts';

const types = [
  ...['created', 'completed', 'incomplete', 'failed', 'output_item.added', 'output_item.done', 'content_part.added', 'content_part.done'],
  ...['output_text.delta', 'output_text.done', 'refusal.delta', 'reasoning_summary_part.done', 'output_text.annotation.added'],
  ...['function_call_arguments.delta', 'function_call_arguments.done', 'custom_tool_call_input.delta', 'custom_tool_call_input.done'],
].map((name) => `response.${name}`);
const call = { type: 'function_call', call_id: 'c', name: 'n', arguments: '{}' };
const telling = [
  0,
  1,
  null,
  [],
  {},
  '__proto__',
  'reasoning',
  call,
  { ...call, arguments: '{' },
  messageItem('abc'),
  { type: 'summary_text', text: 'x' },
];
const value = fc.oneof(fc.jsonValue(), fc.constantFrom<unknown>(...telling));
const values = fc.oneof(value, fc.array(value));
const response = fc.record({ id: value, status: value, output: values, usage: value, incomplete_details: value, error: value });
const members = [
  'sequence_number',
  'output_index',
  'content_index',
  'summary_index',
  'delta',
  'text',
  'item',
  'part',
  'arguments',
  'input',
];
const event = fc.record(
  {
    type: fc.constantFrom('error', ...types),
    response: fc.oneof(value, response),
    annotation: value,
    ...Object.fromEntries(members.map((member) => [member, value])),
  },
  { requiredKeys: ['type'] },
);

it(
  'events of any content end once or fail as a provider’s errors do, with tool calls that have a name',
  () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 12 }), (sent) => {
        const { events, error } = decodeAll(
          openaiResponses().decoder(head()),
          sent.map((each) => message(each)),
        );
        const ends = events.filter(({ type }) => type === 'finish').length;
        holds(ends <= 1 && (ends === 0 || (error === undefined && events.at(-1)?.type === 'finish')), () => 'it ends as it must not');
        holds(!events.some((each) => each.type === 'tool-call' && each.toolName === ''), () => 'a call has no name');
      }),
      { numRuns },
    );
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  },
  timeout,
);

it(
  'a text is delivered once, however it is cut, repeated by its ends, and sent again',
  () => {
    const pieces = fc.array(fc.string({ minLength: 1, maxLength: 5 }), { maxLength: 8 });
    const flags = fc.record({ part: fc.boolean(), item: fc.boolean(), whole: fc.boolean(), late: fc.nat(8) });
    fc.assert(
      fc.property(pieces, flags, fc.infiniteStream(fc.nat(3)), (texts, { part, item, whole, late }, steps) => {
        const text = texts.join('');
        // The last deltas may be lost where something repeats them.
        const told = part || item || whole ? texts.slice(0, late) : texts;
        const sent = numbered([
          created,
          ...told.map((each) => say(each)),
          ...(part ? [textDone(text)] : []),
          ...(item ? [itemDone(0, messageItem(text))] : []),
          completed(whole ? { output: [messageItem(text)] } : {}),
        ]);
        const again = sent.flatMap((each, index) => [...sent.slice(Math.max(0, index - (steps.next().value ?? 0)), index), each]);
        same(decodeAll(openaiResponses().decoder(head()), again).text, text);
      }),
      { numRuns },
    );
  },
  timeout,
);

it(
  'every item is told once, in order, whatever a gateway leaves out of its events, at places of their own or at one',
  () => {
    const items = fc.array(fc.record({ isCall: fc.boolean(), text: fc.constantFrom('a', 'bc', ' ', 'a') }), { maxLength: 5 });
    const style = fc
      .record({
        place: fc.constantFrom('own', 'zero', 'none'),
        ids: fc.constantFrom('own', 'new each time'),
        begins: fc.boolean(),
        deltas: fc.boolean(),
        parts: fc.boolean(),
        ends: fc.boolean(),
        output: fc.boolean(),
        first: fc.constantFrom(undefined, 0, 1),
      })
      .filter(({ begins, deltas, ends }) => ends || (begins && deltas));
    fc.assert(
      fc.property(items, style, (said, { place, ids, begins, deltas, parts, ends, output, first }) => {
        let count = 0;
        const idOf = (index: number) => (ids === 'own' ? `item_${index}` : `id_${count++}`);
        const input = (index: number) => JSON.stringify({ q: index });
        const whole = ({ isCall, text }: (typeof said)[number], index: number) =>
          isCall ? callItem(input(index), { id: idOf(index), call_id: `call_${index}` }) : messageItem(text, { id: idOf(index) });
        const messages = said.flatMap((each, index) => {
          const at = place === 'own' ? index : place === 'zero' ? 0 : undefined;
          const piece = (type: string, body: object) => eventOf(type, { output_index: at, item_id: idOf(index), ...body });
          const begun = each.isCall ? { ...whole(each, index), arguments: '' } : { ...whole(each, index), content: [] };
          const delta = each.isCall
            ? piece('response.function_call_arguments.delta', { delta: input(index) })
            : piece('response.output_text.delta', { content_index: 0, delta: each.text });
          const part = each.isCall
            ? piece('response.function_call_arguments.done', { arguments: input(index) })
            : piece('response.output_text.done', { content_index: 0, text: each.text });
          return [
            ...(begins ? [itemAdded(at, begun)] : []),
            ...(deltas ? [delta] : []),
            ...(deltas && parts ? [part] : []),
            ...(ends ? [itemDone(at, whole(each, index))] : []),
          ];
        });
        const all = [...messages, completed({ output: output ? said.map(whole) : [] })];
        const { text, toolCalls, error } = decodeAll(openaiResponses().decoder(head()), first === undefined ? all : numbered(all, first));
        expect(error).toBeUndefined();
        same(text, said.map((each) => (each.isCall ? '' : each.text)).join(''));
        same(toolCalls.map(({ id }) => id).join(), said.flatMap((each, index) => (each.isCall ? [`call_${index}`] : [])).join());
      }),
      { numRuns },
    );
  },
  timeout,
);
