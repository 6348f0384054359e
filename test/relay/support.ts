import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { afterwards } from '../integration/support.ts';

/** A server that can go down and come up again at the same address. */
export interface RestartableServer {
  readonly url: string;
  /** Cuts every connection and refuses new ones. */
  down(): Promise<void>;
  up(): Promise<void>;
  /** What is asked from now on is answered by somebody else; connections stay. */
  replace(listener: RequestListener): Promise<void>;
  readonly requests: { readonly method: string; readonly url: string; readonly headers: NodeJS.Dict<string | string[]> }[];
}

export async function serveNode(listener: RequestListener): Promise<RestartableServer> {
  let server: Server | undefined;
  let port = 0;
  let current = listener;
  const sockets = new Set<Socket>();
  const requests: RestartableServer['requests'] = [];
  const up = async (): Promise<void> => {
    server = createServer((request, response) => {
      requests.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers });
      current(request, response);
    });
    server.on('connection', (socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    });
    await new Promise<void>((resolve) => server?.listen(port, '127.0.0.1', resolve));
    ({ port } = server.address() as AddressInfo);
  };
  const down = async (): Promise<void> => {
    const closed = new Promise((resolve) => server?.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
    server = undefined;
  };
  await up();
  afterwards(() => (server ? down() : undefined));
  const replace = async (other: RequestListener): Promise<void> => {
    current = other;
  };
  return { url: `http://127.0.0.1:${port}`, up, down, replace, requests };
}

/** All that a response's body says. */
export async function readText(response: Response): Promise<string> {
  return await response.text();
}

/** The `data` of each message, parsed, and its id. */
export function messagesIn(text: string): { id: string | undefined; data: Record<string, unknown> }[] {
  return text
    .split('\n\n')
    .map((block) => block.split('\n'))
    .flatMap((lines) => {
      const data = lines.find((line) => line.startsWith('data: '))?.slice(6);
      const id = lines.find((line) => line.startsWith('id: '))?.slice(4);
      return data === undefined ? [] : [{ id, data: JSON.parse(data) as Record<string, unknown> }];
    });
}

/** Waits for something to become true. */
export async function until(isTrue: () => boolean, patience = 5_000): Promise<void> {
  const begin = performance.now();
  while (!isTrue()) {
    if (performance.now() - begin > patience) throw new Error(`it did not happen within ${patience} ms: ${isTrue}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
