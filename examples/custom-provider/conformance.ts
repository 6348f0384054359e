import { test } from 'node:test';
import { providerConformance } from 'steadystream/testing';
import { acme } from './acme.ts';

const event = (name: string, data: object) => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;

const checks = providerConformance(acme({ apiKey: 'acme-key-1' }), {
  apiKey: 'acme-key-1',
  streams: [
    {
      name: 'text',
      body: [
        event('thought', { text: 'A greeting.' }),
        event('text', { text: 'Hel' }),
        event('text', { text: 'lo' }),
        event('done', { reason: 'end', tokens: { in: 7, out: 4 } }),
      ].join(''),
      expect: { text: 'Hello', reasoning: 'A greeting.', finishReason: 'stop', usage: { inputTokens: 7, outputTokens: 4 } },
    },
    {
      name: 'a tool call',
      body: [
        event('call', { id: 'c1', name: 'weather', piece: '{"city":' }),
        event('call', { id: 'c1', name: 'weather', piece: '"Graz"}', whole: true }),
        event('done', { reason: 'call' }),
      ].join(''),
      expect: { toolCalls: [{ toolName: 'weather', input: { city: 'Graz' } }], finishReason: 'tool-calls' },
    },
  ],
  errors: [
    {
      name: 'too fast',
      status: 429,
      body: '{"error":{"code":"too_fast","message":"Slow down.","retry_after":2}}',
      expect: { category: 'rate-limit', retryAfterMs: 2_000 },
    },
    { name: 'no credit', status: 429, body: '{"error":{"code":"no_credit"}}', expect: { category: 'quota-exhausted', retryable: false } },
    { name: 'a proxy’s page', status: 502, body: '<html><title>Bad Gateway</title></html>', expect: { category: 'server-error' } },
    {
      name: 'busy in the middle',
      body: event('text', { text: 'Hel' }) + event('error', { error: { code: 'busy', message: 'Too much to do.' } }),
      expect: { category: 'overloaded', retryable: true },
    },
  ],
});

for (const check of checks) test(check.name, () => check.run());
