import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type FaultServer, startFaultServer } from 'steadystream/testing';
import { afterEach, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { OPENAI_API_KEY: _openai, ANTHROPIC_API_KEY: _anthropic, ...environment } = process.env;

interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function demo(words: readonly string[], variables: Record<string, string> = {}, interruptAt?: string): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--import', 'tsx', 'examples/demo/main.ts', ...words], {
      cwd: root,
      env: { ...environment, ...variables },
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
      if (interruptAt !== undefined && stderr.includes(interruptAt)) child.kill('SIGINT');
    });
    child.once('error', reject).once('close', (status) => resolve({ status, stdout, stderr }));
  });
}

const answers = {
  clean: 'An answer comes in small pieces, each of them in its order and once. The stream completes when the provider says so.\n',
  busy: 'Two attempts were turned away before a word was said, so there was nothing to take back: this is one answer, whole.\n',
  stall: 'The first attempt sent heartbeats and no word. A heartbeat is not life, so its deadline ended it and closed its socket.\n',
  cut: 'Nothing that was read is ever said twice. This sentence breaks off, and the error keeps\n',
  outage: 'The first probe was let through alone.\nOthers followed it.\nThe breaker is closed.\n',
};

const facts: Record<keyof typeof answers, readonly RegExp[]> = {
  clean: [/attempt 1\n.*first content\n.*done in .* 22 tokens at \d+\/s/],
  busy: [
    /attempt 1\n.*overloaded \(HTTP 503\): The engine is overloaded; next attempt in 0\.7 s/,
    /attempt 2\n.*rate-limit \(HTTP 429, retry after 1\.0 s\): Too many requests; next attempt in 1\.\d s/,
    /attempt 3\n.*first content\n.*done in/,
  ],
  stall: [/attempt 1\n.*timeout \(first-content\); next attempt in 0\.5 s/, /attempt 2\n.*first content\n.*done in/],
  cut: [/failed: network \(ECONNRESET\).*gave up: content-delivered, error\.partial keeps 87 characters/],
  outage: [
    /attempt 3\n.*breaker closed -> open: consecutive-failures.*\ncall 1 .*failed: server-error \(HTTP 500\).*gave up: attempts/,
    /call 2 .*circuit-open.*no request was made\ncall 3 .*circuit-open.*no request was made/,
    /breaker open -> half-open: wait-over\ncall 4 /,
    /breaker half-open -> closed: probe\ncall 6 /,
  ],
};

describe('a scenario', () => {
  for (const [name, answer] of Object.entries(answers)) {
    it(`${name} ends as it should, with its answer alone on stdout`, async () => {
      const { status, stdout, stderr } = await demo([name, '--plain']);
      for (const fact of facts[name as keyof typeof facts]) expect(stderr).toMatch(fact);
      expect(stdout).toBe(answer);
      expect(status).toBe(0);
    });
  }

  it('is run after the other when none is named, also where stderr is no terminal', async () => {
    const { status, stdout, stderr } = await demo([]);
    expect(stderr.match(/^\w+: /gm)).toEqual(['clean: ', 'busy: ', 'stall: ', 'cut: ', 'outage: ']);
    expect(stdout).toBe(Object.values(answers).join(''));
    expect(status).toBe(0);
  }, 60_000);

  it('is cancelled by an interrupt', async () => {
    const { status, stderr } = await demo(['stall', 'clean', '--plain'], {}, 'attempt 1');
    expect(stderr).toMatch(/cancelled\n$/);
    expect(stderr).not.toContain('clean:');
    expect(status).toBe(130);
  });
});

describe('a real provider', () => {
  const servers: FaultServer[] = [];
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.close()));
  });

  async function start(...script: Parameters<typeof startFaultServer>): Promise<FaultServer> {
    const server = await startFaultServer(...script);
    servers.push(server);
    return server;
  }

  it.each([
    ['openai', 'OPENAI_API_KEY', 'authorization', 'Bearer test'],
    ['anthropic', 'ANTHROPIC_API_KEY', 'x-api-key', 'test'],
  ])('%s is asked with the key from %s', async (provider, variable, header, value) => {
    const server = await start({ text: 'Because of Rayleigh.' });
    const words = ['--provider', provider, '--model', 'm-1', '--base-url', server.url, 'Why is', 'the sky blue?'];
    const { status, stdout, stderr } = await demo(words, { [variable]: 'test' });
    expect(stdout).toBe('Because of Rayleigh.\n');
    expect(stderr).toContain(`${provider} m-1: Why is the sky blue?`);
    expect(stderr).toMatch(/done in .* 3 tokens/);
    expect(status).toBe(0);
    expect(server.requests).toHaveLength(1);
    expect(server.requests[0]?.headers[header]).toBe(value);
    expect(server.requests[0]?.body).toMatchObject({ model: 'm-1', messages: [{ role: 'user' }] });
  });

  it('that fails is an exit status of 1, and the error in one line', async () => {
    const server = await start({ status: 401, body: { error: { message: 'Incorrect API key provided: test' } } });
    const words = ['--provider', 'openai', '--model', 'm-1', '--base-url', server.url, 'Hello'];
    const { status, stdout, stderr } = await demo(words, { OPENAI_API_KEY: 'test' });
    expect(stdout).toBe('');
    expect(stderr).toMatch(/\ndemo: openai m-1: authentication \(HTTP 401\).*\n$/);
    expect(stderr).not.toContain('    at ');
    expect(status).toBe(1);
  });

  it.each([
    ['openai', 'OPENAI_API_KEY'],
    ['anthropic', 'ANTHROPIC_API_KEY'],
  ])('%s without a key names %s', async (provider, variable) => {
    const { status, stdout, stderr } = await demo(['--provider', provider, '--model', 'm-1', 'Hello']);
    expect(stderr).toMatch(new RegExp(`^demo: ${variable} is not set\\. .*\\n$`));
    expect(stdout).toBe('');
    expect(status).toBe(1);
  });
});

describe('arguments', () => {
  it.each([
    [['--speed'], "'--speed'"],
    [['nope'], '"nope"'],
    [['--provider', 'nobody'], '--provider'],
    [['--provider', 'openai', 'Hello'], '--model'],
    [['--provider', 'openai', '--model', 'm-1'], 'prompt'],
    [['--provider', 'openai', '--model', 'm-1', '--base-url', 'here', 'Hello'], '--base-url'],
    [['--model', 'm-1'], '--model'],
    [['--base-url', 'http://127.0.0.1'], '--base-url'],
  ])('%j are answered by a line that names %s', async (words, named) => {
    const { status, stdout, stderr } = await demo(words);
    expect(stderr).toMatch(/^demo: .*\n$/);
    expect(stderr).toContain(named);
    expect(stdout).toBe('');
    expect(status).toBe(1);
  });

  it('are explained by --help', async () => {
    const { status, stdout, stderr } = await demo(['--help']);
    for (const word of ['clean', 'busy', 'stall', 'cut', 'outage', '--provider', '--model', '--base-url', '--plain']) {
      expect(stdout).toContain(word);
    }
    expect(stderr).toBe('');
    expect(status).toBe(0);
  });
});
