import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const page = readFileSync('docs/providers.md', 'utf8');
const blocks = [...page.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code);
const codeOf = (file: string) => readFileSync(`examples/custom-provider/${file}`, 'utf8');

describe('the provider that docs/providers.md adds', () => {
  it.each(['acme.ts', 'conformance.ts'])('is %s, word for word', (file) => {
    expect(blocks).toContain(codeOf(file));
  });

  it('has less than 100 lines, and imports from the library alone', () => {
    const code = codeOf('acme.ts');
    expect(code.trimEnd().split('\n').length).toBeLessThan(100);
    expect([...code.matchAll(/from '([^']+)'/g)].map(([, module]) => module)).toEqual(['steadystream']);
  });

  it('passes the conformance suite, run as the page says', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', 'examples/custom-provider/conformance.ts']);
    expect(stdout).toMatch(/^# pass [1-9]/m);
    expect(stdout).toMatch(/^# fail 0$/m);
  });
});
