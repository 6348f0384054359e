import { locate } from './diagram.ts';

/** A marble fence in a Markdown file. */
export interface Fence {
  readonly title: string;
  /** The line of the opening fence, from 1. */
  readonly line: number;
  readonly lines: readonly string[];
  /** The address of the image under the fence. */
  readonly picture: string | undefined;
}

/** Finds the marble fences of a Markdown file, each with the `##` heading above it and the image under it. */
export function readFences(markdown: string, file: string | undefined): Fence[] {
  const fences: { title: string; line: number; lines: string[]; picture: string | undefined }[] = [];
  let heading: string | undefined;
  let drawn = 0;
  let awaitsPicture = false;
  // A longer fence may show a marble fence as text, so only the marker that opened a fence closes it.
  let marker: string | undefined;
  let inside: string[] | undefined;

  markdown.split(/\r?\n/).forEach((text, index) => {
    const fence = /^(`{3,}|~{3,})\s*(\S*)/.exec(text);
    if (marker !== undefined) {
      if (fence?.[1]?.startsWith(marker) && fence[2] === '') {
        marker = undefined;
        inside = undefined;
      } else inside?.push(text);
      return;
    }
    if (fence) {
      marker = fence[1];
      awaitsPicture = false;
      if (fence[2] !== 'marble') return;
      if (heading === undefined) throw new Error(`${locate(file, index + 1)}: a marble fence needs a \`##\` heading above it`);
      drawn += 1;
      inside = [];
      fences.push({ title: drawn === 1 ? heading : `${heading} (${drawn})`, line: index + 1, lines: inside, picture: undefined });
      awaitsPicture = true;
      return;
    }
    const title = /^#{1,6}\s+(.*?)\s*#*$/.exec(text);
    if (title) {
      heading = text.startsWith('## ') ? title[1] : undefined;
      drawn = 0;
      awaitsPicture = false;
    }
    const picture = /!\[[^\]]*\]\(([^)\s]+)\)/.exec(text)?.[1];
    const last = fences.at(-1);
    if (awaitsPicture && picture !== undefined && last) {
      last.picture = picture;
      awaitsPicture = false;
    }
  });
  if (inside) throw new Error(`${locate(file, fences.at(-1)?.line ?? 0)}: the marble fence is never closed`);
  return fences;
}
