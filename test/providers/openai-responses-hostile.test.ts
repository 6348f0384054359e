import fc from 'fast-check';
import { expect, it } from 'vitest';
import { openaiResponses } from '../../src/providers/openai-responses.ts';
import { holds, numRuns, same, timeout } from '../properties/runs.ts';
import { decodeAll, head, message } from './decoding.ts';
import { completed, created, itemDone, messageItem, numbered, say, textDone } from './responses-events.ts';

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
