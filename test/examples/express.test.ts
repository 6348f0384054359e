import { describe } from 'vitest';
import { startServer, testsOfServer, testsWithoutKey } from './server-example.ts';

const start = (variables: Record<string, string>) => startServer(['--import', 'tsx', 'examples/express/main.ts'], variables);

describe('the example of Express', () => {
  testsOfServer(start);
  testsWithoutKey(start);
});
