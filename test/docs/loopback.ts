import { createServer } from 'node:http';
import { type AddressInfo, Server, Socket } from 'node:net';
import { createRelayHandler } from 'steadystream';
import { toNodeHandler } from 'steadystream/node';
import { type Answer, type RecordedRequest, startFaultServer } from 'steadystream/testing';

/** An answer that fits whatever a page asks for: text, and JSON of every type that pages show. */
const text = JSON.stringify({
  title: 'Toast',
  steps: ['Cut the bread.', 'Toast it.'],
  films: [{ title: 'Metropolis', year: 1927 }],
  city: 'Graz',
  sky: 'blue',
});

function answerTo({ text: asked, body, wire }: RecordedRequest): Answer {
  const { tools = [], stream } = (body ?? {}) as { tools?: readonly { function?: { name?: string }; name?: string }[]; stream?: boolean };
  const [tool] = tools.map((each) => each.function?.name ?? each.name);
  const isAnswered = /"role":"tool"|"tool_result"|"function_call_output"|"functionResponse"/.test(asked);
  if (tool !== undefined && !isAnswered) return { toolCalls: [{ name: tool, input: { city: 'Graz' } }] };
  if (stream === true || wire === 'gemini' || wire === 'openai-responses') return { text };
  const usage = { input_tokens: 8, output_tokens: 8, prompt_tokens: 8, completion_tokens: 8, total_tokens: 16 };
  const choices = [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: 'stop' }];
  return {
    body: {
      id: 'answer-1',
      type: 'message',
      role: 'assistant',
      content: [{ type: 'text', text }],
      stop_reason: 'end_turn',
      choices,
      usage,
    },
  };
}

/** The whole network: providers, a relay and any other service, all on loopback. Nothing that a block does leaves the machine. */
export async function startLoopback(redisPort: number | undefined) {
  const provider = await startFaultServer(answerTo);
  const own = new Set<unknown>();
  const opened = new Set<Server>();
  const listen = Server.prototype.listen as (this: Server, ...args: unknown[]) => Server;
  // Whatever port a page names, its server gets a free one.
  Server.prototype.listen = function (this: Server, ...args: unknown[]) {
    opened.add(this);
    const callback = args.find((each) => typeof each === 'function') as (() => void) | undefined;
    return listen.call(this, 0, '127.0.0.1', callback);
  } as typeof Server.prototype.listen;

  const { connect } = Socket.prototype;
  const strangers: string[] = [];
  Socket.prototype.connect = function (this: Socket, ...args: unknown[]) {
    const [options] = (Array.isArray(args[0]) ? args[0] : args) as [{ host?: string; port?: number; path?: string }];
    if (options !== null && typeof options === 'object' && options.path === undefined) {
      const { host = 'localhost', port } = options;
      if (!/^(localhost|127\.0\.0\.1|::1)$/.test(host)) strangers.push(`${host}:${port}`);
      if (Number(port) === 6379 && redisPort !== undefined) options.port = redisPort;
      options.host = '127.0.0.1';
    }
    return connect.apply(this, args as Parameters<typeof connect>);
  } as typeof connect;

  const real = globalThis.fetch;
  globalThis.fetch = async (input, init) => {
    const asked = input instanceof Request ? input.url : String(input);
    const url = new URL(asked, globalThis.location?.href);
    if (url.hostname === '127.0.0.1' || url.hostname === 'localhost') return real(input instanceof Request ? input : url, init);
    if (!isProvider(url)) return Response.json({ city: 'Graz', sky: 'blue' });
    const here = `http://127.0.0.1:${provider.port}${url.pathname}${url.search}`;
    return input instanceof Request ? real(new Request(here, input)) : real(here, init);
  };

  // The reader's own server, which is what a page asks at `/api/chat`: with its sessions.
  const { sessions } = await import('./prelude.ts');
  const relay = createServer(toNodeHandler(createRelayHandler({ sessions, authorize: () => ({}), path: '/api/chat' })));
  await new Promise<void>((resolve) => void listen.call(relay, 0, '127.0.0.1', resolve));
  const page = `http://127.0.0.1:${(relay.address() as AddressInfo).port}`;
  Object.defineProperty(globalThis, 'location', { value: new URL(page), configurable: true });

  return {
    /** Addresses beyond loopback that somebody asked for past `fetch`. */
    strangers,
    /** Fulfils when no answer is on its way any more. */
    async quiet(): Promise<void> {
      while (provider.requests.some(({ outcome }) => outcome === undefined)) await new Promise((resolve) => setTimeout(resolve, 5));
    },
    /** Closes what a block has left listening. */
    closeServers(): void {
      for (const server of opened) if (!own.has(server)) closeNow(server);
      opened.clear();
    },
    async close(): Promise<void> {
      closeNow(relay);
      await provider.close();
    },
  };
}

const isProvider = ({ pathname }: URL): boolean => /completions|\/responses|\/messages|generateContent/i.test(pathname);

function closeNow(server: Server & { closeAllConnections?(): void }): void {
  server.close(() => undefined);
  server.closeAllConnections?.();
}
