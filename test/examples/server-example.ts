import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { lastValueFrom, type Observable, tap } from 'rxjs';
import {
  accumulate,
  type Client,
  createClient,
  fromEventStream,
  relay,
  result,
  type StreamEvent,
  type StreamPosition,
  type StreamRequest,
  type StreamResult,
  textDeltas,
} from 'steadystream';
import { type FaultServer, startFaultServer } from 'steadystream/testing';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';

export const root = fileURLToPath(new URL('../..', import.meta.url));
const { OPENAI_API_KEY: _key, OPENAI_BASE_URL: _url, ...environment } = process.env;
const request: StreamRequest = { model: 'm', messages: [{ role: 'user', content: 'Hello' }] };
const words = ['One ', 'two ', 'three ', 'four.'];

/** A server in a process of its own. */
export interface ServerProcess {
  readonly url: string;
  /** Asks it to end, and says by what it did: its exit code, or a signal. */
  end(): Promise<number | string | null>;
}

/** Starts a program that says its address, and waits for it. */
export async function startServer(program: readonly string[], variables: Record<string, string>, cwd = root): Promise<ServerProcess> {
  const env = { ...environment, PORT: '0', NODE_ENV: undefined, ...variables } as NodeJS.ProcessEnv;
  // A group of its own: what it starts is ended with it.
  const child = spawn(process.execPath, [...program], { cwd, env, detached: true });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  try {
    const url = await new Promise<string>((resolve, reject) => {
      const look = () => {
        const [address] = /http:\/\/(127\.0\.0\.1|localhost):\d+/.exec(said) ?? [];
        if (address) resolve(address);
      };
      child.stdout.on('data', look);
      child.once('exit', () => reject(new Error(`it has ended: ${said}`)));
      child.once('error', reject);
    });
    return { url, end: () => endOf(child) };
  } catch (error) {
    await endOf(child);
    throw error;
  }
}

async function endOf(child: ChildProcess): Promise<number | string | null> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return child.exitCode ?? child.signalCode;
  const exited = once(child, 'exit');
  const { pid } = child;
  child.kill('SIGTERM');
  const killing = setTimeout(() => process.kill(-pid, 'SIGKILL'), 8_000);
  const [code, signal] = (await exited) as [number | null, string | null];
  clearTimeout(killing);
  return code ?? signal;
}

async function until(isTrue: () => boolean): Promise<void> {
  for (const begin = performance.now(); !isTrue(); await new Promise((resolve) => setTimeout(resolve, 5))) {
    if (performance.now() - begin > 8_000) throw new Error(`it did not happen: ${isTrue}`);
  }
}

/** What every example of a server does, over a provider that the test holds in its hand. */
export function testsOfServer(start: (variables: Record<string, string>) => Promise<ServerProcess>): void {
  let provider: FaultServer;
  let server: ServerProcess;
  let client: Client;
  let goOn: () => void = () => {};

  beforeAll(async () => {
    provider = await startFaultServer();
    server = await start({ OPENAI_API_KEY: 'sk-of-the-test', OPENAI_BASE_URL: provider.url });
    client = createClient({ provider: relay({ url: `${server.url}/api/chat` }), retry: { initialDelay: 20, jitter: 'none' } });
  }, 90_000);
  afterEach(() => goOn());
  afterAll(async () => {
    await server?.end();
    await provider?.close();
  }, 30_000);

  /** The provider says two words, and the others when it is told to. */
  const waits = () => {
    const told = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    provider.script({ text: words, after: 2, fault: { wait: told } });
    return provider.requests.length;
  };
  const textOf = async (events$: Observable<StreamEvent>) => (await lastValueFrom(events$.pipe(result()))).text;

  /** Reads two words, leaves, and says where it was. */
  const readTwoWords = async (): Promise<{ readonly position: StreamPosition; readonly known: StreamResult }> => {
    let where: (() => StreamPosition) | undefined;
    let known: StreamResult | undefined;
    const events$ = client.stream(request, {
      follow: (position) => {
        where = position;
      },
    });
    const reading = events$.pipe(accumulate()).subscribe((value) => {
      known = value;
    });
    await until(() => known?.text === 'One two ');
    const position = (where as unknown as () => StreamPosition)();
    reading.unsubscribe();
    return { position, known: known as unknown as StreamResult };
  };

  it('tells the whole text to a client over relay()', async () => {
    provider.script({ text: words });
    expect(await textOf(client.stream(request))).toBe(words.join(''));
    expect(provider.requests.at(-1)?.body).toMatchObject({ model: 'gpt-4o-mini' });
  });

  it('writes on for a reader that has left, who comes back for the rest', async () => {
    const index = waits();
    const { position, known } = await readTwoWords();
    const generation = await provider.request(index);
    expect(generation.aborted).toBe(false);
    goOn();
    const { fingerprint = '' } = position;
    const from = { ...position, version: 1, requestId: 'req_test', fingerprint, result: known } as const;
    let rest = '';
    const events$ = client.stream(request, { from });
    expect(await textOf(events$.pipe(tap((event) => (rest += event.type === 'text-delta' ? event.text : ''))))).toBe(words.join(''));
    expect(rest).toBe('three four.');
    expect(provider.requests).toHaveLength(index + 1);
  });

  it('ends the generation, down to the socket of the provider, for a DELETE', async () => {
    const index = waits();
    const { position } = await readTwoWords();
    const generation = await provider.request(index);
    expect(generation.aborted).toBe(false);
    await client.cancel(position);
    await generation.ended;
    expect(generation.aborted).toBe(true);
  });

  it('refuses with a status, before there is a stream, what it cannot do', async () => {
    const asked = provider.requests.length;
    const post = { method: 'POST', headers: { 'content-type': 'application/json' } };
    const refusals = [
      await fetch(`${server.url}/api/chat/stream_unknown`),
      await fetch(`${server.url}/api/chat`, { ...post, body: '{"messages":[]}' }),
      await fetch(`${server.url}/api/chat`, { ...post, headers: { 'content-type': 'text/plain' }, body: 'hello' }),
    ];
    expect(refusals.map(({ status }) => status)).toEqual([404, 400, 415]);
    for (const refusal of refusals) expect(await refusal.json()).toMatchObject({ error: { message: expect.any(String) } });
    expect(provider.requests).toHaveLength(asked);
  });

  it('tells a client over relay() of a failure of the provider, without a word of its own', async () => {
    provider.script({ status: 401, body: { error: { message: 'Incorrect API key provided: sk-of-the-test' } } });
    const error: unknown = await textOf(client.stream(request)).catch((error: unknown) => error);
    expect(error).toMatchObject({ category: 'authentication', provider: 'relay' });
    expect(JSON.stringify(error)).not.toContain('sk-of-the-test');
  });

  const ask = (signal?: AbortSignal) =>
    fetch(`${server.url}/api/once`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(request),
      ...(signal && { signal }),
    });

  it('tells an answer that is read once, and stops its provider when its reader leaves', async () => {
    provider.script({ text: words });
    expect(await textOf(fromEventStream(await ask()))).toBe(words.join(''));
    const index = waits();
    let text = '';
    const leaving = new AbortController();
    fromEventStream(await ask(leaving.signal))
      .pipe(textDeltas())
      .subscribe({ next: (piece) => (text += piece), error: () => {} });
    await until(() => text === 'One two ');
    leaving.abort();
    const generation = await provider.request(index);
    await generation.ended;
    expect(generation.aborted).toBe(true);
  });
}

/** That it answers without a key, and ends as it should. */
export function testsWithoutKey(start: (variables: Record<string, string>) => Promise<ServerProcess>, ending: number | string = 0): void {
  it('rehearses without a key, and lets an answer come to its end when it is asked to end', async () => {
    const server = await start({});
    const response = await fetch(`${server.url}/api/chat`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', connection: 'close' },
      body: JSON.stringify(request),
    });
    const events$ = fromEventStream(response);
    let code: Promise<number | string | null> | undefined;
    const text = await lastValueFrom(
      events$.pipe(
        tap(({ type }) => {
          if (type === 'text-delta') code ??= server.end();
        }),
        result(),
      ),
    );
    expect(text.text).toContain('no key is set');
    expect(await code).toBe(ending);
  }, 40_000);
}
