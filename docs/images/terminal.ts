import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { build } from 'esbuild';
import type { Browser } from 'playwright-core';

const require = createRequire(import.meta.url);

interface Terminal {
  readonly columns: number;
  readonly rows: number;
  readonly cwd: string;
}

/** What a command writes to a terminal of this size, until it ends. */
export function record(command: string, { columns, rows, cwd }: Terminal): Promise<string> {
  return new Promise((resolve, reject) => {
    // `script` gives it a terminal.
    const child = spawn('script', ['-qec', `stty cols ${columns} rows ${rows}; ${command}`, '/dev/null'], {
      cwd,
      env: { ...process.env, TERM: 'xterm-256color', COLORTERM: 'truecolor', FORCE_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    child.once('error', reject).once('close', () => resolve(output));
  });
}

/** A picture of a terminal that shows this output, drawn by xterm.js in a real browser. */
export async function pictureOf(browser: Browser, output: string, { columns, rows }: Terminal, path: string): Promise<void> {
  const { outputFiles } = await build({
    stdin: {
      resolveDir: import.meta.dirname,
      contents: `import { Terminal } from '@xterm/xterm'; window.show = (options, output) => new Promise((done) => {
        const terminal = new Terminal(options);
        terminal.open(document.getElementById('terminal'));
        terminal.write(output, () => requestAnimationFrame(() => requestAnimationFrame(done)));
      });`,
    },
    bundle: true,
    write: false,
    format: 'iife',
  });
  const style = await readFile(require.resolve('@xterm/xterm/css/xterm.css'), 'utf8');
  const page = await browser.newPage({ viewport: { width: 1400, height: 1200 }, deviceScaleFactor: 1.5 });
  await page.setContent(`<style>${style}
    body { margin: 0; background: transparent }
    #window { display: inline-block; padding: 18px 20px; background: #16181d; border-radius: 10px }
    .xterm-viewport { overflow: hidden !important } .xterm .scrollbar { display: none !important }</style><div id="window"><div id="terminal"></div></div>`);
  await page.addScriptTag({ content: outputFiles[0]?.text ?? '' });
  const theme = { background: '#16181d', foreground: '#d7dae0', green: '#7fc98f', red: '#e5786d', yellow: '#e0b85c', cyan: '#6cb6d9' };
  const options = {
    cols: columns,
    rows,
    fontSize: 14,
    lineHeight: 1.25,
    fontFamily: 'DejaVu Sans Mono, monospace',
    theme,
    cursorInactiveStyle: 'none',
  };
  await page.evaluate(([first, second]) => (window as unknown as { show(o: unknown, t: unknown): Promise<void> }).show(first, second), [
    options,
    output,
  ] as const);
  await page.locator('#window').screenshot({ path, omitBackground: true });
  await page.close();
}
