import { TestScheduler } from 'rxjs/testing';
import { type Diagram, locate } from './diagram.ts';
import { draw } from './draw.ts';
import type { Scope } from './evaluate.ts';
import { readFences } from './markdown.ts';
import { parse } from './parse.ts';
import { report } from './report.ts';
import { run } from './run.ts';
import { setUp } from './stage.ts';

/** What {@link loadMarbles} needs beside the Markdown. */
export interface MarbleOptions {
  /** The names that the diagrams' code may use: operators, values, matchers. */
  readonly scope: Readonly<Record<string, unknown>>;
  /** The file's name, for messages. */
  readonly file?: string | undefined;
}

/** One diagram of a Markdown file: a test, and a drawing of it. */
export interface Marble {
  /** The heading above the diagram; the second one under a heading is numbered. */
  readonly title: string;
  /** Where its fence opens, from 1. */
  readonly line: number;
  /** The address of the image that stands under the diagram. */
  readonly picture: string | undefined;
  /** Runs the diagram in virtual time. Throws an error that shows the drawn and the actual row where they differ. */
  run(): void;
  /** The diagram as an SVG, the same on every machine. */
  draw(): string;
}

/**
 * Reads the marble diagrams of a Markdown file: each is a test of the code it shows.
 *
 * A row of the diagram asserts the times of its subscription and its unsubscription as well as its values. Belongs to no test runner.
 * Throws, with file and line, where a diagram cannot be read.
 *
 * @example
 * ```ts
 * const markdown = readFileSync('marbles/retry.md', 'utf8');
 * for (const marble of loadMarbles(markdown, { file: 'marbles/retry.md', scope: { ...rxjs, ...steadystream, ...testing } })) {
 *   it(marble.title, () => marble.run());
 * }
 * ```
 */
export function loadMarbles(markdown: string, options: MarbleOptions): Marble[] {
  const { scope, file } = options;
  return readFences(markdown, file).map((fence) => {
    const diagram = parse(fence, file);
    return {
      title: fence.title,
      line: fence.line,
      picture: fence.picture,
      run: () => check(diagram, scope),
      draw: () => draw(diagram, valuesOf(diagram, scope)),
    };
  });
}

function check(diagram: Diagram, scope: Scope): void {
  const paragraphs = report(diagram, run(diagram, scope));
  if (paragraphs.length === 0) return;
  const code = diagram.code.map(({ text }) => `> ${text}`).join('\n');
  throw new Error([`${locate(diagram.file, diagram.line)} ${diagram.title}`, ...paragraphs, code].join('\n\n'));
}

/** What the marbles stand for. Shared objects read the clock, so this too happens in virtual time. */
function valuesOf(diagram: Diagram, scope: Scope): ReadonlyMap<string, unknown> {
  const scheduler = new TestScheduler(() => true);
  return scheduler.run(() => {
    const values = setUp(diagram, scope, scheduler).values();
    // Whatever the shared objects have scheduled is of no interest here, and may never end.
    scheduler.maxFrames = 0;
    return values;
  });
}
