import { describe } from 'vitest';
import { root, startServer, testsOfServer, testsWithoutKey } from './server-example.ts';

const start = (variables: Record<string, string>) =>
  startServer(['--import', 'tsx', 'examples/nest/main.ts'], { TSX_TSCONFIG_PATH: `${root}examples/nest/tsconfig.json`, ...variables });

describe('the example of Nest', () => {
  testsOfServer(start);
  // Nest ends its process by the signal that it was given, behind all its hooks.
  testsWithoutKey(start, 'SIGTERM');
});
