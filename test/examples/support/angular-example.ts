import { execFile } from 'node:child_process';
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { packedPackage, root } from '../../package/packed-package.ts';

const run = promisify(execFile);

/**
 * The Angular example as a stranger has it: its folder in another place, with the packed package in its `node_modules`, built.
 *
 * Below the project's own `node_modules`, so that Angular is found there.
 */
export async function buildAngularExample(): Promise<string> {
  const directory = join(root, 'node_modules/.cache/steadystream/angular-example');
  const isOwn = (path: string) => !/\/(node_modules|dist|\.angular)(\/|$)/.test(path.slice(root.length));
  await rm(directory, { recursive: true, force: true });
  await cp(join(root, 'examples/angular'), directory, { recursive: true, filter: isOwn });
  await cp(await packedPackage(), join(directory, 'node_modules/steadystream'), { recursive: true });
  const cli = join(root, 'node_modules/@angular/cli/bin/ng.js');
  // In CI there is neither a cache nor a question.
  await run(process.execPath, [cli, 'build'], { cwd: directory, env: { ...process.env, CI: 'true', NG_CLI_ANALYTICS: 'false' } });
  return directory;
}
