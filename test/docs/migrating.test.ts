import { readFileSync } from 'node:fs';
import OpenAI from 'openai';
import { classify, type ErrorCategory } from 'steadystream';
import { describe, expect, it } from 'vitest';

const statuses: Readonly<Record<string, number>> = {
  BadRequestError: 400,
  AuthenticationError: 401,
  PermissionDeniedError: 403,
  NotFoundError: 404,
  ConflictError: 409,
  RateLimitError: 429,
  InternalServerError: 500,
};

function errorOf(name: string, code: string | undefined): Error {
  const status = statuses[name];
  if (status !== undefined) return OpenAI.APIError.generate(status, { error: { message: 'No.', code } }, undefined, new Headers());
  if (name === 'APIConnectionError') return new OpenAI.APIConnectionError({ message: undefined, cause: new TypeError('fetch failed') });
  return name === 'APIUserAbortError' ? new OpenAI.APIUserAbortError() : new OpenAI.APIConnectionTimeoutError();
}

describe('the errors of the OpenAI SDK', () => {
  const page = readFileSync('docs/migrating/openai-sdk.md', 'utf8');
  const rows = [...page.matchAll(/^\| `(\w+Error)`(?: with `(\w+)`)? \| `([\w-]+)` \|$/gm)].map(([, name = '', code, category = '']) => ({
    name,
    code,
    category,
  }));

  it('are all on the page', () => {
    expect(new Set(rows.map(({ name }) => name)).size).toBe(Object.keys(statuses).length + 3);
  });

  it.each(rows)('$name $code is $category, as the page says', ({ name, code, category }) => {
    const error = errorOf(name, code);
    expect(error.constructor.name).toBe(name);
    expect(classify(error).category).toBe(category satisfies string as ErrorCategory);
  });
});
