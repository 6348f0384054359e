import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The repository. */
export const root = fileURLToPath(new URL('../..', import.meta.url));
const cache = join(root, 'node_modules/.cache/steadystream');

/** The package as it would be published, unpacked; built anew where its sources are newer than what was built of them. */
export async function packedPackage(): Promise<string> {
  const newest = Math.max(await newestIn(join(root, 'src')), ...(await Promise.all(['package.json', 'tsup.config.ts'].map(timeOf))));
  const place = join(cache, `packed-${Math.round(newest)}`);
  if (await exists(place)) return place;
  // Beside what others build at the same time.
  await mkdir(cache, { recursive: true });
  const work = await mkdtemp(join(cache, 'packing-'));
  const isBuilt = (await exists(join(root, 'dist/command.js'))) && (await timeOf('dist/command.js')) > newest;
  if (isBuilt) await cp(join(root, 'dist'), join(work, 'dist'), { recursive: true });
  else await run(process.execPath, [join(root, 'node_modules/tsup/dist/cli-default.js'), '--out-dir', join(work, 'dist')], { cwd: root });
  for (const file of ['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md']) await cp(join(root, file), join(work, file));
  await run('npm', ['pack', '--ignore-scripts'], { cwd: work });
  const [archive] = (await readdir(work)).filter((name) => name.endsWith('.tgz'));
  await run('tar', ['-xzf', archive ?? ''], { cwd: work });
  // Whoever comes second finds the place taken, and it holds the same.
  await rename(join(work, 'package'), place).catch(() => undefined);
  await rm(work, { recursive: true, force: true });
  return place;
}

async function newestIn(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const times = await Promise.all(entries.filter((entry) => entry.isFile()).map((entry) => timeOf(join(entry.parentPath, entry.name))));
  return Math.max(...times);
}

const timeOf = async (path: string): Promise<number> => (await stat(join(path.startsWith('/') ? '' : root, path))).mtimeMs;
const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );
