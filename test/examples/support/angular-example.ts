import { execFile } from 'node:child_process';
import { cp, mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../..', import.meta.url));

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
  await unpackPackage(join(directory, 'node_modules/steadystream'));
  const cli = join(root, 'node_modules/@angular/cli/bin/ng.js');
  // In CI there is neither a cache nor a question.
  await run(process.execPath, [cli, 'build'], { cwd: directory, env: { ...process.env, CI: 'true', NG_CLI_ANALYTICS: 'false' } });
  return directory;
}

/** What `npm install` would unpack. */
async function unpackPackage(directory: string): Promise<void> {
  if ((await newest(join(root, 'src'))) > (await oldest(join(root, 'dist')))) await run('npx', ['tsup'], { cwd: root, maxBuffer: 2 ** 26 });
  await mkdir(directory, { recursive: true });
  const { stdout } = await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', directory], { cwd: root });
  const [packed] = JSON.parse(stdout) as { filename: string }[];
  const archive = join(directory, packed?.filename ?? '');
  await run('tar', ['-xzf', archive, '-C', directory, '--strip-components=1']);
  await rm(archive);
}

async function times(directory: string): Promise<number[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => []);
  return Promise.all(
    entries.filter((entry) => entry.isFile()).map(async (entry) => (await stat(join(entry.parentPath, entry.name))).mtimeMs),
  );
}

const newest = async (directory: string): Promise<number> => Math.max(...(await times(directory)));
const oldest = async (directory: string): Promise<number> => {
  const all = await times(directory);
  return all.length === 0 ? 0 : Math.min(...all);
};
