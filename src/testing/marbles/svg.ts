/** Width of a character of the drawing's monospaced font, in pixels. */
export const characterWidth = 7.3;

/** Follows the reader's colour scheme; GitHub shows the drawings as images, where this works too. */
export const style = [
  'text{font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:#1f2328;white-space:pre}',
  '.quiet{fill:#656d76;font-size:11px}.fault{fill:#c4232b}.line{stroke:#57606a;stroke-width:1.5;fill:none}.arrow{fill:#57606a}',
  '.pill{fill:#ddf4ff;stroke:#0969da}.out .pill{fill:#dafbe1;stroke:#1a7f37}.cross{stroke:#c4232b;stroke-width:2.5;stroke-linecap:round}',
  '.end{stroke:#1f2328;stroke-width:2.5}.leave{stroke:#9a6700;stroke-width:2;stroke-dasharray:3 3}.left{fill:#9a6700;font-size:11px}',
  '.box{fill:#f6f8fa;stroke:#8c959f}.step{stroke:#8c959f;stroke-width:1;opacity:.35}',
  '@media(prefers-color-scheme:dark){text{fill:#e6edf3}.quiet{fill:#9198a1}.fault{fill:#ff7b72}.line{stroke:#9198a1}.arrow{fill:#9198a1}',
  '.pill{fill:#0c2d6b;stroke:#58a6ff}.out .pill{fill:#04331a;stroke:#3fb950}.cross{stroke:#ff7b72}.end{stroke:#e6edf3}',
  '.leave{stroke:#d29922}.left{fill:#d29922}.box{fill:#161b22;stroke:#6e7681}.step{stroke:#6e7681}}',
].join('\n');

/** To a tenth of a pixel, so that a drawing is the same on every machine. */
export function round(value: number): number {
  return Math.round(value * 10) / 10;
}

/** One element. */
export function element(name: string, attributes: Readonly<Record<string, string | number>>, content?: string): string {
  const written = Object.entries(attributes)
    .map(([key, value]) => ` ${key}="${typeof value === 'number' ? round(value) : escapeText(value)}"`)
    .join('');
  return content === undefined ? `<${name}${written}/>` : `<${name}${written}>${content}</${name}>`;
}

/** A line of text. */
export function text(content: string, x: number, y: number, attributes: Readonly<Record<string, string>> = {}): string {
  return element('text', { x, y, ...attributes }, escapeText(content));
}

/** Fits text into XML, which forbids control characters. */
export function escapeText(content: string): string {
  return (
    content
      .replace(/&/g, '&amp;')
      .replace(/</g, '&lt;')
      .replace(/>/g, '&gt;')
      .replace(/"/g, '&quot;')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must go
      .replace(/[\u0000-\u0008\u000b-\u001f]/g, '\ufffd')
  );
}
