import { readFileSync } from 'node:fs';
import * as rxjs from 'rxjs';
import { describe, expect, it } from 'vitest';
import { loadMarbles } from '../../src/testing/marbles/index.ts';

class Failure extends Error {
  readonly category: string;
  constructor(category: string) {
    super(`it failed: ${category}`);
    this.category = category;
  }
}

const scope = {
  ...rxjs,
  text: (said: string) => ({ type: 'text-delta', id: 'text-1', text: said }),
  failure: (category: string) => new Failure(category),
  createCounter: () => ({ subscribers: 0 }),
  countSubscribers: (counter: { subscribers: number }) => (source: rxjs.Observable<unknown>) =>
    rxjs.defer(() => {
      counter.subscribers += 1;
      return source.pipe(rxjs.map((value) => `${value}${counter.subscribers}`));
    }),
  expect,
};

function load(diagram: string, heading = 'A behaviour') {
  const markdown = `# The file\n\n## ${heading}\n\`\`\`marble\n${diagram}\n\`\`\`\n\n![](svg/behaviour-1.svg)\n`;
  const [marble] = loadMarbles(markdown, { file: 'marbles/behaviour.md', scope });
  if (!marble) throw new Error('no marble');
  return marble;
}

const run = (diagram: string) => () => load(diagram).run();

function messageOf(diagram: string): string {
  try {
    load(diagram).run();
  } catch (error) {
    return (error as Error).message;
  }
  return 'passed';
}

const retried = `- = 100ms
source: -#
source:       -a-b-|
> retry({ delay: 500 })
output: -------a-b-|

a = text('Hel')
b = text('lo')
# = failure('overloaded')`;

describe('what holds', () => {
  it('runs a retry, whose wait is a column', () => {
    expect(run(retried)).not.toThrow();
  });

  it.each([
    [
      'operators in order',
      `source: -a-b-|\n> map((value) => value + 1)\n> map((value) => value + 2)\noutput: -x-y-|\n\nx = 'a12'\ny = 'b12'`,
    ],
    ['an input that is cancelled', 'source: -a-!\nstop:   ---(x!)\n> takeUntil(stop)\noutput: -a-|'],
    ['an unsubscription at the beginning of a column', 'source: -a-!\noutput: -a-!'],
    ['an unsubscription in the middle of a delivery', 'source: -a-(b!)\noutput: -a-(b!)'],
    ['a row that stays open', 'source: -a---\noutput: -a---'],
    ['a group', '- = 100ms\nsource: -(ab|)\noutput: -(ab|)'],
    ['an emoji', 'source: -👋-|\noutput: -👋-|'],
    ['a late subscriber', 'tokens: ^-a-b-|\n> tokens\noutput:    -b-|'],
    ['a hot input', 'tokens: ^-a-b-c-|\n> tokens\noutput:    -b-(c!)'],
    ['labels of several lengths', 'source:   -a-#\nfallback:    -b-|\n> catchError(() => fallback)\noutput:   -a--b-|'],
    ['a creation in the place of a source', '- = 1s\n> timer(2000)\noutput: --(x|)\n\nx = 0'],
    ['a source inside of a creation', 'source: -a-|\n> concat(of(1), source)\noutput: xa-|\n\nx = 1'],
    [
      'two errors',
      `source: -#\n> catchError(() => throwError(() => failure('timeout')))\noutput: -x\n\n# = failure('network')\n#x = { category: 'timeout' }`,
    ],
    ['an undefined error', 'source: -#\noutput: -#'],
    ['an expression of several lines', "source: -a-|\n> map((value) => ({\n    value,\n  }))\noutput: -b-|\n\nb = {\n  value: 'a',\n  }"],
    ['an asymmetric matcher', 'source: -a-|\n> map(() => ({ at: Date.now(), of: 1 }))\noutput: -b-|\n\nb = { at: expect.any(Number) }'],
    ['values made of values', 'source: -a-b-|\n> toArray()\noutput: -----(c|)\n\na = { id: 1, name: 2 }\nc = [a, "b"]'],
    ['no value at all', 'source: -a-|\n> ignoreElements()\noutput: ---|'],
  ])('%s', (_name, diagram) => {
    expect(run(diagram)).not.toThrow();
  });

  it('shares one object between several subscribers', () => {
    expect(
      run(`- = 100ms
source: -a-|
source:   -a-|
counter = createCounter()
> countSubscribers(counter)
output: -x-|
output:   -y-|

x = 'a1'
y = 'a2'`),
    ).not.toThrow();
  });
});

describe('what is drawn wrong', () => {
  it('shows the drawn and the actual row of a wrong frame', () => {
    expect(messageOf(retried.replace('delay: 500', 'delay: 700'))).toMatchInlineSnapshot(`
      "marbles/behaviour.md:4 A behaviour

      source 2 (marbles/behaviour.md:7)
        drawn        -a-b-|
        actual         -a-b-|
                     ^

      output (marbles/behaviour.md:9)
        drawn  -------a-b-|
        actual ---------a-b-|
                      ^

      > retry({ delay: 700 })"
    `);
  });

  it('names times off the grid', () => {
    expect(messageOf(retried.replace('delay: 500', 'delay: 501'))).toMatchInlineSnapshot(`
      "marbles/behaviour.md:4 A behaviour

      source 2 (marbles/behaviour.md:7)
        drawn        -a-b-|
        actual       -a-b-|
                     ^
        subscribed at 601 ms, 1 ms past its column
        a at 701 ms, 1 ms past its column
        b at 901 ms, 1 ms past its column
        | at 1101 ms, 1 ms past its column

      output (marbles/behaviour.md:9)
        drawn  -------a-b-|
        actual -------a-b-|
                      ^
        a at 701 ms, 1 ms past its column
        b at 901 ms, 1 ms past its column
        | at 1101 ms, 1 ms past its column

      > retry({ delay: 501 })"
    `);
  });

  it('misses a subscription that was not made', () => {
    expect(messageOf(retried.replace('retry({ delay: 500 })', 'retry(0)'))).toMatchInlineSnapshot(`
      "marbles/behaviour.md:4 A behaviour

      source: subscribed 1 time, but the diagram draws 2 (subscribed at 0 ms)

      output (marbles/behaviour.md:9)
        drawn  -------a-b-|
        actual -#
                ^

      > retry(0)"
    `);
  });

  it('finds a subscription that is not drawn', () => {
    expect(messageOf('- = 100ms\nsource: -#\nsource:    -#\n> retry({ delay: 200 })\noutput: ------------')).toMatchInlineSnapshot(`
      "marbles/behaviour.md:4 A behaviour

      source: subscribed 3 times, but the diagram draws 2 (subscribed at 0 ms, 300 ms, 600 ms)

      > retry({ delay: 200 })"
    `);
  });

  it('finds a value too many', () => {
    expect(messageOf('source: -a-b-|\n> mergeMap((value) => [value, value])\noutput: -a-b-|')).toMatchInlineSnapshot(`
      "marbles/behaviour.md:4 A behaviour

      output (marbles/behaviour.md:7)
        drawn  -a-b-|
        actual -(aa)(bb)|
                ^
        bb at 3 ms, which is column 3: a group before it takes its place
        | at 5 ms, which is column 5: a group before it takes its place

      > mergeMap((value) => [value, value])"
    `);
  });

  it('tells a wrong value by its fact', () => {
    expect(
      messageOf("source: -a-|\n> map(({ text: said }) => text(said.toUpperCase()))\noutput: -a-|\n\na = text('Hel')"),
    ).toMatchInlineSnapshot(`
      "marbles/behaviour.md:4 A behaviour

      output (marbles/behaviour.md:7)
        drawn  -a-|
        actual -?-|
                ^
        ? at 1 ms: text is 'HEL', not 'Hel' in {"type":"text-delta","id":"text-1","text":"HEL"}

      > map(({ text: said }) => text(said.toUpperCase()))"
    `);
  });

  it('tells a wrong error by its fact', () => {
    expect(
      messageOf("source: -#\n> catchError(() => throwError(() => failure('network')))\noutput: -#\n\n# = failure('overloaded')"),
    ).toMatchInlineSnapshot(`
      "marbles/behaviour.md:4 A behaviour

      output (marbles/behaviour.md:7)
        drawn  -#
        actual -#
                ^
        # at 1 ms: category is 'network', not 'overloaded'

      > catchError(() => throwError(() => failure('network')))"
    `);
  });

  it('finds a late unsubscription', () => {
    expect(messageOf('source: -a-!\n> takeUntil(timer(5))\noutput: -a---|')).toMatchInlineSnapshot(`
      "marbles/behaviour.md:4 A behaviour

      source (marbles/behaviour.md:5)
        drawn  -a-!
        actual -a---!
                  ^

      > takeUntil(timer(5))"
    `);
  });

  it('finds an unsubscription that never comes', () => {
    expect(messageOf('stop:   --x-!\nsource: -a-!\n> mergeWith(stop)\noutput: -ax')).toMatchInlineSnapshot(`
      "marbles/behaviour.md:4 A behaviour

      stop (marbles/behaviour.md:5)
        drawn  --x-!
        actual --x--
                   ^
        never unsubscribed

      source (marbles/behaviour.md:6)
        drawn  -a-!
        actual -a--
                  ^
        never unsubscribed

      > mergeWith(stop)"
    `);
  });

  it('ends where an interval does not', () => {
    expect(messageOf('- = 1s\nsource: -a-!\n> mergeWith(interval(60000))\noutput: -a--')).toMatchInlineSnapshot(`
      "marbles/behaviour.md:4 A behaviour

      source (marbles/behaviour.md:6)
        drawn  -a-!
        actual -a--
                  ^
        never unsubscribed

      output (marbles/behaviour.md:8)
        drawn  -a--
        actual -a----------------------------------------------------------?…
                                                                           ^
        ? at 60000 ms: 0
        ? at 120000 ms: 1
        ? at 180000 ms: 2
        ? at 240000 ms: 3
        ? at 300000 ms: 4
        and 5 more

      > mergeWith(interval(60000))"
    `);
  });
});

describe('what cannot be read', () => {
  it.each([
    ['output: -a-b', 'marbles/behaviour.md:4: the diagram has neither'],
    ['source: -a-b', 'marbles/behaviour.md:4: the diagram has no `output:` row'],
    ['source: -a b\noutput: -a', 'marbles/behaviour.md:5: source: ` ` cannot stand at column 2'],
    ['source: -a|-\noutput: -a', 'marbles/behaviour.md:5: source: `-` follows the end of the row'],
    ['source: -(a\noutput: -a', 'a group is never closed'],
    ['source: --\noutput:', 'marbles/behaviour.md:6: output: the row is empty'],
    ['what is this', 'cannot read `what is this`'],
    ['source: -a\noutput: -a\na-b = 1', '`a-b` is no name'],
    ['source: ^-!\noutput: -a', 'a hot row is not unsubscribed'],
    ['source: -a\nstop:    ^-a\noutput: -a', 'no row begins left of its `^`'],
    ['output: ^-a\n> of(1)', 'a hot row is an input'],
  ])('%s', (diagram, message) => {
    expect(() => load(diagram)).toThrow(message);
  });

  it.each([
    ['source: -a\n> nothing()\noutput: -a', 'marbles/behaviour.md:6: `nothing()` threw ReferenceError'],
    ['source: -a\n> 5\noutput: -a', 'marbles/behaviour.md:6: `5` is no operator'],
    ['source: -a\noutput: -a\na = nothing', 'marbles/behaviour.md:7: `nothing` threw'],
  ])('%s', (diagram, message) => {
    expect(run(diagram)).toThrow(message);
  });

  it('asks for a heading', () => {
    expect(() => loadMarbles('```marble\noutput: -a\n```', { scope })).toThrow('line 1: a marble fence needs a `##` heading');
  });
});

describe('the Markdown around', () => {
  const fence = '```marble\nsource: a\noutput: a\n```';

  it('numbers the diagrams of a heading, finds their pictures and passes over fences that only show one', () => {
    const markdown = `## One\n${fence}\nWords.\n![A drawing](svg/a-1.svg)\n${fence}\n\`\`\`\`md\n${fence}\n\`\`\`\`\n![](b.svg)\n## Two\n${fence}`;
    const marbles = loadMarbles(markdown, { scope }).map(({ title, line, picture }) => ({ title, line, picture }));
    expect(marbles).toEqual([
      { title: 'One', line: 2, picture: 'svg/a-1.svg' },
      { title: 'One (2)', line: 8, picture: undefined },
      { title: 'Two', line: 20, picture: undefined },
    ]);
  });
});

describe('the drawing', () => {
  it('shows subscriptions, waits, ends and code', async () => {
    const marble = load(
      `- = 100ms
source: -s#
source:        -s--(ab)--!
signal: ^---x
> retry({ delay: 500 })
> tap(() => 'a rather long line of code that must not be clipped on either side of the box it stands in')
output: -s------s--(ab)--!
output:                     -#

s = { type: 'start' }
a = text('Hel')
b = text('lo ')
x = 'go'
# = failure('overloaded')`,
      'Waits & <ends>',
    );
    await expect(marble.draw()).toMatchFileSnapshot('marbles-drawing.svg');
    expect(marble.draw()).toBe(marble.draw());
  });
});

describe('marbles/README.md', () => {
  const markdown = readFileSync(new URL('../../marbles/README.md', import.meta.url), 'utf8');

  it.each(loadMarbles(markdown, { scope: rxjs, file: 'marbles/README.md' }).map((marble, index) => ({ ...marble, number: index + 1 })))(
    'teaches what holds: $title',
    async ({ run: runIt, draw, picture, number }) => {
      runIt();
      expect(picture).toBe(`svg/README-${number}.svg`);
      await expect(draw()).toMatchFileSnapshot(`../../marbles/svg/README-${number}.svg`);
    },
  );
});
