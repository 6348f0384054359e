import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';

type Parameters = Readonly<Record<string, unknown>>;

/** A page in a real browser, driven over the DevTools protocol. */
export interface Page {
  open(url: string): Promise<void>;
  /** What an expression is, as JSON; a promise is waited for. */
  evaluate<T>(expression: string): Promise<T>;
  /** Cuts the page off the network, or gives it back. */
  setOffline(offline: boolean): Promise<void>;
  close(): Promise<void>;
}

/** A headless Chromium, without a window and without a port. */
export class Chromium {
  readonly #process: ChildProcess;
  readonly #profile: string;
  readonly #pending = new Map<number, { resolve(value: never): void; reject(error: Error): void }>();
  #last = 0;
  #rest = '';

  private constructor(process: ChildProcess, profile: string) {
    this.#process = process;
    this.#profile = profile;
    const output = process.stdio[4] as Readable;
    output.setEncoding('utf8');
    output.on('data', (text: string) => this.#read(text));
    process.once('exit', () => {
      for (const { reject } of this.#pending.values()) reject(new Error('Chromium has ended'));
      this.#pending.clear();
    });
  }

  static async launch(): Promise<Chromium> {
    const profile = await mkdtemp(join(tmpdir(), 'steadystream-chromium-'));
    const flags = [
      '--headless=new',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-dev-shm-usage',
      '--no-first-run',
      '--remote-debugging-pipe',
    ];
    const child = spawn(process.env.CHROMIUM ?? 'chromium', [...flags, `--user-data-dir=${profile}`, 'about:blank'], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
    });
    await new Promise((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
    const chromium = new Chromium(child, profile);
    await chromium.#send('Browser.getVersion');
    return chromium;
  }

  async newPage(): Promise<Page> {
    const { targetId } = await this.#send<{ targetId: string }>('Target.createTarget', { url: 'about:blank' });
    const { sessionId } = await this.#send<{ sessionId: string }>('Target.attachToTarget', { targetId, flatten: true });
    const send = <T>(method: string, parameters?: Parameters) => this.#send<T>(method, parameters, sessionId);
    await send('Page.enable');
    await send('Network.enable');
    return {
      open: async (url) => {
        const { errorText } = await send<{ errorText?: string }>('Page.navigate', { url });
        if (errorText) throw new Error(`${url}: ${errorText}`);
        await send('Runtime.evaluate', {
          // A small page has been loaded by now, and says so no more.
          expression: 'new Promise((done) => (document.readyState === "complete" ? done() : addEventListener("load", done)))',
          awaitPromise: true,
        });
      },
      evaluate: async <T>(expression: string) => {
        const { result, exceptionDetails } = await send<{
          result: { value: T };
          exceptionDetails?: { exception?: { description?: string } };
        }>('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true });
        if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? 'the page threw');
        return result.value;
      },
      setOffline: async (offline) => {
        await send('Network.emulateNetworkConditions', { offline, latency: 0, downloadThroughput: -1, uploadThroughput: -1 });
      },
      close: async () => {
        await this.#send('Target.closeTarget', { targetId });
      },
    };
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#send('Browser.close').catch(() => {});
    const killing = setTimeout(() => this.#process.kill('SIGKILL'), 3_000);
    await ended;
    clearTimeout(killing);
    await rm(this.#profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }

  #send<T>(method: string, params: Parameters = {}, sessionId?: string): Promise<T> {
    const id = ++this.#last;
    const message = JSON.stringify({ id, method, params, ...(sessionId !== undefined && { sessionId }) });
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      (this.#process.stdio[3] as Writable).write(`${message}\0`);
    });
  }

  #read(text: string): void {
    const messages = (this.#rest + text).split('\0');
    this.#rest = messages.pop() ?? '';
    for (const message of messages) {
      const { id, result, error } = JSON.parse(message) as { id?: number; result?: unknown; error?: { message: string } };
      const waiting = id === undefined ? undefined : this.#pending.get(id);
      if (!waiting || id === undefined) continue;
      this.#pending.delete(id);
      if (error) waiting.reject(new Error(error.message));
      else waiting.resolve(result as never);
    }
  }
}
