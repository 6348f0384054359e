import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const names = /openai|anthropic|claude|gemini|google|groq|openrouter|mistral|deepseek|azure|xai|vllm|ollama|cloudflare/i;

/** The lines of a room that name a provider. */
function linesOf(room: string): string[] {
  const files = readdirSync(`src/${room}`).map((file) => `src/${room}/${file}`);
  expect(files.length).toBeGreaterThan(10);
  return files.flatMap((file) =>
    readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => names.test(line))
      .map((line) => `${file}: ${line.trim()}`),
  );
}

describe('what the providers know stays with them', () => {
  // The shapes of secrets are everybody's: whose key leaks is of no account.
  it.each(['core', 'policies'])('%s names none', (room) => {
    expect(linesOf(room).filter((line) => !line.includes('github_pat'))).toEqual([]);
  });

  it('operators name them in examples alone', () => {
    expect(linesOf('operators').filter((line) => !/: (?:\*|\/\*\*)/.test(line))).toEqual([]);
  });
});
