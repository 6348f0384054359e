import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:net';

/** A port of 127.0.0.1 that refuses connections, held until it is released. */
export interface RefusedAddress {
  readonly port: number;
  release(): void;
}

/** Takes a port as the near end of an open connection: nobody listens there, and nobody else is given it. */
export async function takeRefusedAddress(): Promise<RefusedAddress> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = once(server, 'connection');
  const near = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [[far]] = await Promise.all([accepted, once(near, 'connect')]);
  server.close();
  const { localPort = 0 } = near;
  return {
    port: localPort,
    release() {
      near.destroy();
      far.destroy();
    },
  };
}
