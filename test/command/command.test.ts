import { spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { StreamEvent } from 'steadystream';
import { type FaultServer, startFaultServer } from 'steadystream/testing';
import { afterEach, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const keys = /^(OPENAI|ANTHROPIC|GEMINI|XAI)_API_KEY$|^STEADYSTREAM_/;
const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !keys.test(name)));

interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface Situation {
  readonly env?: Record<string, string>;
  readonly input?: string;
  /** Sends an interrupt once stdout holds this text. */
  readonly interruptAt?: string;
  /** A file that stdout is, instead of a pipe. */
  readonly stdoutTo?: string;
  /** Whether the other end of stderr is closed from the beginning. */
  readonly isUnwatched?: boolean;
}

function steadystream(words: readonly string[], { env, input = '', interruptAt, stdoutTo, isUnwatched }: Situation = {}): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--import', 'tsx', 'src/command/main.ts', ...words], {
      cwd: root,
      env: { ...environment, ...env },
      stdio: ['pipe', stdoutTo === undefined ? 'pipe' : openSync(stdoutTo, 'w'), 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    let isInterrupted = false;
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      if (isInterrupted || interruptAt === undefined || !stdout.includes(interruptAt)) return;
      isInterrupted = true;
      child.kill('SIGINT');
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    if (isUnwatched) child.stderr?.destroy();
    child.stdin?.end(input);
    child.once('error', reject).once('close', (status) => resolve({ status, stdout, stderr }));
  });
}

const servers: FaultServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function start(
  ...script: Parameters<typeof startFaultServer>
): Promise<{ server: FaultServer; env: Record<string, string>; words: string[] }> {
  const server = await startFaultServer(...script);
  servers.push(server);
  return {
    server,
    env: { OPENAI_API_KEY: 'sk-test-0123456789abcdef', STEADYSTREAM_INITIAL_DELAY: '10' },
    words: ['--base-url', server.url],
  };
}

const busy = { status: 503, body: { error: { message: 'The engine is overloaded', type: 'service_unavailable_error' } } };

describe('the command', () => {
  it('streams the answer to stdout and what happens on the way to stderr, and ends with 0', async () => {
    const { server, env, words } = await start([busy, { text: 'Because of Rayleigh.' }]);
    const { status, stdout, stderr } = await steadystream([...words, 'Why is', 'the sky blue?'], { env });
    expect(stdout).toBe('Because of Rayleigh.\n');
    expect(stderr).toMatch(
      /openai gpt-4o-mini: Why is the sky blue\?\n.*attempt 1\n.*HTTP 503.*next attempt in.*\n.*attempt 2\n.*first content\n.*done in/,
    );
    expect(status).toBe(0);
    expect(server.requests[1]?.body).toMatchObject({ model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Why is the sky blue?' }] });
  });

  it('takes the prompt from stdin where none is given, and a system message', async () => {
    const { server, env, words } = await start([{ text: 'Fix.' }]);
    const { status, stdout } = await steadystream([...words, '--model', 'm-1', '--system', 'Be brief.'], { env, input: 'the diff\n' });
    expect(stdout).toBe('Fix.\n');
    expect(server.requests[0]?.body).toMatchObject({
      model: 'm-1',
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'the diff' },
      ],
    });
    expect(status).toBe(0);
  });

  it('tells an answer that broke off from a complete one: the part is kept on stdout, the status is 3', async () => {
    const { env, words } = await start([{ text: 'Half of it was said', after: 2, fault: 'reset' }]);
    const { status, stdout, stderr } = await steadystream([...words, 'Hello'], { env });
    expect(stdout).toMatch(/^Half .*\n$/);
    expect('Half of it was said\n'.startsWith(stdout.trimEnd())).toBe(true);
    expect(stderr).toMatch(/\nsteadystream: openai gpt-4o-mini: network .*\n$/);
    expect(status).toBe(3);
  });

  it('ends with 1 when it failed before a word was said, and tells no secret', async () => {
    const { env, words } = await start([
      { status: 401, body: { error: { message: 'Incorrect API key provided: sk-test-0123456789abcdef' } } },
    ]);
    const { status, stdout, stderr } = await steadystream([...words, 'Hello'], { env });
    expect(stdout).toBe('');
    expect(stderr).toMatch(/\nsteadystream: openai gpt-4o-mini: authentication \(HTTP 401\).*\n$/);
    expect(stderr).not.toContain('sk-test-0123456789abcdef');
    expect(status).toBe(1);
  });

  it('keeps what was said when it is interrupted, closes the socket, and ends with 130', async () => {
    const { server, env, words } = await start([{ text: 'One two three', after: 2, fault: 'stall' }]);
    const { status, stdout, stderr } = await steadystream([...words, 'Hello'], { env, interruptAt: 'One' });
    expect(stdout).toMatch(/^One .*\n$/);
    expect(stderr).toMatch(/cancelled\nsteadystream: interrupted; \d+ characters were said\n$/);
    expect(status).toBe(130);
    expect(await server.requests[0]?.ended).toBe('aborted');
  });

  it('writes the events as lines of JSON, also the error that ends them', async () => {
    const { env, words } = await start([busy, { text: 'Half of it', after: 1, fault: 'end' }]);
    const { status, stdout } = await steadystream([...words, '--json', 'Hello'], { env });
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as StreamEvent | { type: 'error'; error: { category: string } });
    expect(events.map(({ type }) => type).filter((type, index, all) => type !== all[index - 1])).toEqual([
      'retry',
      'start',
      'text-delta',
      'error',
    ]);
    expect(events.at(-1)).toMatchObject({ error: { category: 'interrupted', gaveUp: 'content-delivered' } });
    expect(status).toBe(3);
  });

  it('ends with 3 when the answer cannot be written: a full disk is no reader that has enough', async () => {
    const { env, words } = await start([{ text: 'Hello' }, { text: 'Hello' }]);
    for (const flags of [[], ['--json']]) {
      const { status, stderr } = await steadystream([...words, ...flags, 'Hi'], { env, stdoutTo: '/dev/full' });
      expect(stderr).toMatch(/^steadystream: the answer could not be written: ENOSPC/m);
      expect(status).toBe(3);
    }
  });

  it('writes the whole answer though nobody reads what happens', async () => {
    const { env, words } = await start([busy, { text: 'Because of Rayleigh.' }]);
    const { status, stdout } = await steadystream([...words, 'Hi'], { env, isUnwatched: true });
    expect(stdout).toBe('Because of Rayleigh.\n');
    expect(status).toBe(0);
  });

  it('shows no more of a prompt than its beginning, and nothing in it that steers a terminal', async () => {
    const { server, env, words } = await start([{ text: 'A diff.' }]);
    const prompt = `first line\n\u001b[2J\u0007second ${'x'.repeat(100_000)}`;
    const { stderr } = await steadystream(words, { env, input: prompt });
    expect(stderr).toContain('openai gpt-4o-mini: first line second xxx');
    expect(stderr.length).toBeLessThan(1_000);
    expect(stderr).not.toMatch(/[^\P{Cc}\n]/u);
    expect(server.requests[0]?.text).toContain('x'.repeat(100_000));
  });

  it('writes JSON that steers no terminal, and says the same', async () => {
    const { env, words } = await start([{ text: 'a\u009b2Jb\u007f' }]);
    const { stdout } = await steadystream([...words, '--json', 'Hi'], { env });
    expect(stdout).not.toMatch(/[^\P{Cc}\n]/u);
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((line): StreamEvent => JSON.parse(line));
    expect(events.map((event) => (event.type === 'text-delta' ? event.text : '')).join('')).toBe('a\u009b2Jb\u007f');
  });

  it('adds no line to an answer that ends with one', async () => {
    const { env, words } = await start([{ text: 'one\ntwo\n' }]);
    expect((await steadystream([...words, 'Hi'], { env })).stdout).toBe('one\ntwo\n');
  });

  it.each([
    [[], 'prompt'],
    [['--speed', 'Hello'], "'--speed'"],
    [['--provider', 'nobody', 'Hello'], '"nobody"'],
    [['--provider', 'anthropic', 'Hello'], 'ANTHROPIC_API_KEY'],
    [['--base-url', 'here', 'Hello'], '--base-url'],
    [['--model', '', 'Hello'], '--model'],
  ])('answers %j with one line that names %s, and ends with 2', async (words, named) => {
    const { status, stdout, stderr } = await steadystream(words, { env: { OPENAI_API_KEY: 'test' } });
    expect(stderr).toMatch(/^steadystream: .*\n$/);
    expect(stderr).toContain(named);
    expect(stdout).toBe('');
    expect(status).toBe(2);
  });

  it('names the variables that may hold a key when none does, and a setting that is out of range', async () => {
    const none = await steadystream(['Hello']);
    expect(none.stderr).toMatch(/^steadystream: no key is set\. .*OPENAI_API_KEY, ANTHROPIC_API_KEY, GEMINI_API_KEY, XAI_API_KEY/);
    const odd = await steadystream(['Hello'], { env: { OPENAI_API_KEY: 'test', STEADYSTREAM_MAX_ATTEMPTS: 'many' } });
    expect(odd.stderr).toMatch(/^steadystream: .*STEADYSTREAM_MAX_ATTEMPTS/);
    expect([none.status, odd.status]).toEqual([2, 2]);
  });

  it('is explained by --help', async () => {
    const { status, stdout } = await steadystream(['--help']);
    for (const word of ['--provider', '--model', '--base-url', '--system', '--json', '--plain', 'Exit status'])
      expect(stdout).toContain(word);
    expect(status).toBe(0);
  });
});
