import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Client } from 'steadystream';
import { createAgUiHandler, toMessages, toTools } from 'steadystream/ag-ui';
import { toNodeHandler } from 'steadystream/node';

/** Who answers. */
export interface AgentOptions {
  readonly client: Client;
  readonly model: string;
  /** Default: a free one. */
  readonly port?: number | undefined;
}

/** Serves an agent on loopback. */
export async function startAgent({ client, model, port = 0 }: AgentOptions) {
  const handler = createAgUiHandler({
    client,
    requestFrom: ({ messages, tools = [] }) => ({
      model,
      messages: toMessages(messages),
      ...(tools.length > 0 && { tools: toTools(tools) }),
    }),
  });
  const server = createServer(toNodeHandler(handler));
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/agent`,
    server,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}
