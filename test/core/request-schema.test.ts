import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import type { StreamRequest } from '../../src/core/request.ts';
import { invalidRequest } from '../../src/core/request-schema.ts';
import { propertyTimeout, runs } from './properties.ts';

const messages = [{ role: 'user', content: 'Hello' }];
const reason = (request: unknown) => invalidRequest(request as StreamRequest)?.reason;

describe('a request', () => {
  it('may say everything', () => {
    const request: StreamRequest = {
      model: 'm-1',
      messages: [
        { role: 'system', content: '' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'What is this?' },
            { type: 'image', url: 'https://host/a.png' },
          ],
        },
        { role: 'assistant', content: [{ type: 'tool-call', toolCallId: 'c', toolName: 't', input: { a: 1 } }] },
        { role: 'tool', content: [{ type: 'tool-result', toolCallId: 'c', toolName: 't', output: undefined }] },
      ],
      tools: [{ name: 't', description: 'd', inputSchema: { type: 'object' } }],
      toolChoice: { toolName: 't' },
      temperature: 2,
      maxOutputTokens: 1,
      stop: ['x'],
      seed: -1,
      reasoningEffort: 'low',
      responseFormat: { type: 'json-schema', name: 'n', schema: {} },
      metadata: { a: 'b' },
      providerOptions: { openai: { user: 'u' } },
    };
    expect(invalidRequest(request)).toBeUndefined();
  });

  it('may leave out all but model and messages, and say undefined', () => {
    expect(invalidRequest({ model: 'm', messages: [{ role: 'user', content: '' }], tools: undefined, seed: undefined })).toBeUndefined();
  });

  test.each<[unknown, string]>([
    [{ messages }, 'model is missing: it must be a text that is not empty'],
    [{ model: ' ', messages }, 'model must be a text that is not empty, got " "'],
    [{ model: 'm' }, 'messages is missing: it must be an array of messages'],
    [{ model: 'm', messages: [] }, 'messages must hold at least one message, got an empty array'],
    [{ model: 'm', messages: ['hi'] }, 'messages.0 must be a message, got "hi"'],
    [
      { model: 'm', messages: [{ role: 'robot', content: '' }] },
      'messages.0.role must be one of system, user, assistant, tool, got "robot"',
    ],
    [{ model: 'm', messages: [{ role: 'user', content: 'x', name: 'n' }] }, 'messages.0.name is not an option'],
    [{ model: 'm', messages, temperature: 3 }, 'temperature must be a number from 0 to 2, got 3'],
    [{ model: 'm', messages, temperature: Number.NaN }, 'temperature must be a number from 0 to 2, got NaN'],
    [{ model: 'm', messages, maxOutputTokens: 0 }, 'maxOutputTokens must be a whole number from 1, got 0'],
    [{ model: 'm', messages, stop: 'x' }, 'stop must be an array of strings, got "x"'],
    [{ model: 'm', messages, toolChoice: {} }, 'toolChoice.toolName is missing: it must be a text that is not empty'],
    [{ model: 'm', messages, metadata: { a: 1 } }, 'metadata.a must be a string, got 1'],
    [{ model: 'm', messages, max_tokens: 5 }, 'max_tokens is not an option'],
    [null, 'the value must be a request, got null'],
    [undefined, 'the value is missing: it must be a request'],
  ])('is refused with the field and what it must be: %j', (request, message) => {
    expect(reason(request)).toBe(message);
    expect(invalidRequest(request as StreamRequest)).toMatchObject({ category: 'invalid-request', phase: 'local', retryable: false });
  });

  it('is refused with the field inside a part, too', () => {
    expect(reason({ model: 'm', messages: [{ role: 'user', content: [{ type: 'image' }] }] })).toMatch(/^messages\.0\.content\.0\.url/);
  });

  it('is accepted or refused, but never throws, whatever it is', { timeout: propertyTimeout }, () => {
    fc.assert(
      fc.property(fc.anything(), (request) => {
        const error = invalidRequest(request as StreamRequest);
        expect(error?.category).toBe('invalid-request');
        expect(error?.message).not.toMatch(/\p{Cc}/u);
      }),
      runs(),
    );
  });
});
