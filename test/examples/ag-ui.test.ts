import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const { OPENAI_API_KEY: _key, ...environment } = process.env;

function run(question: string): Promise<{ status: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--import', 'tsx', 'examples/ag-ui/main.ts', question], {
      cwd: fileURLToPath(new URL('../..', import.meta.url)),
      env: environment,
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.once('error', reject).once('close', (status) => resolve({ status, stdout, stderr }));
  });
}

describe('the example', () => {
  it('runs the tool that the agent calls, and shows its answer', async () => {
    const { status, stdout } = await run('How is the weather in Zurich?');
    expect(stdout).toBe('[weather {"city":"Zurich"}] It is 21 degrees there.\n');
    expect(status).toBe(0);
  });

  it('keeps what was said before a failure, and tells of it in words for people', async () => {
    const { status, stdout, stderr } = await run('Fail');
    expect(stdout).toBe('This answer breaks off in the');
    expect(stderr).toContain('The connection');
    expect(stderr).not.toContain('ECONNRESET');
    expect(status).toBe(1);
  });
});
