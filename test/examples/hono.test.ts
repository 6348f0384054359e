import { describe } from 'vitest';
import { startServer, testsOfServer, testsWithoutKey } from './server-example.ts';

const start = (variables: Record<string, string>) => startServer(['--import', 'tsx', 'examples/hono/main.ts'], variables);

describe('the example of Hono', () => {
  testsOfServer(start);
  testsWithoutKey(start);
});
