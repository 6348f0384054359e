import { existsSync, readFileSync } from 'node:fs';
import { createClient, isProviderError, openai } from 'steadystream';
import { startFaultServer } from 'steadystream/testing';
import { describe, expect, it } from 'vitest';
import { request, type Scenario, scenarios } from './scenarios.ts';

const file = 'docs/what-can-go-wrong.md';

/** What a row says that is seen. */
interface Seen {
  /** The category, and in brackets which deadline, or the code. */
  readonly error: string;
  readonly phase: string;
  readonly gaveUp: string;
  readonly requests: string;
}

interface Row extends Seen {
  readonly name: string;
  readonly line: number;
}

/** The rows of the tables about failures: those whose second column is the category. */
function rowsOf(page: string): Row[] {
  const rows: Row[] = [];
  let isOurs = false;
  for (const [index, text] of page.split('\n').entries()) {
    const [, name = '', seen = '', requests = ''] = text.split(/(?<!\\)\|/).map((cell) => cell.trim());
    if (!text.startsWith('|')) isOurs = false;
    else if (seen.startsWith('`category`')) isOurs = true;
    else if (isOurs && !name.startsWith('---')) {
      const [error = '', rest = ''] = seen.replaceAll('`', '').split('<br>');
      const [phase = '', gaveUp = ''] = rest.split(', ');
      rows.push({ name, error, phase, gaveUp, requests, line: index + 1 });
    }
  }
  return rows;
}

async function watch({ answers = [], config = {}, program = ({ stream }) => stream() }: Scenario): Promise<Seen> {
  const server = await startFaultServer((_request, index) => answers[Math.min(index, answers.length - 1)] ?? { status: 500 });
  try {
    const client = createClient({
      provider: openai({ apiKey: 'test', baseURL: server.url }),
      ...config,
      retry: { initialDelay: 1, maxDelay: 2, ...config.retry },
    });
    const source = await program({ server, client, stream: () => client.stream(request) });
    const before = server.requests.length;
    const error = await new Promise<unknown>((resolve, reject) => {
      source.subscribe({ error: resolve, complete: () => reject(new Error('nothing went wrong')) });
    });
    if (!isProviderError(error)) throw error;
    const { category, timeout, code, phase, gaveUp = '', reason } = error;
    const which = timeout ?? (reason === undefined || category === 'not-found' ? undefined : code);
    return { error: which ? `${category} (${which})` : category, phase, gaveUp, requests: String(server.requests.length - before) };
  } finally {
    await server.close();
  }
}

const rows = existsSync(file) ? rowsOf(readFileSync(file, 'utf8')) : [];

describe('what can go wrong', () => {
  it('is told of each once, and of nothing that was not tried', () => {
    expect(rows.map(({ name }) => name).sort()).toEqual(scenarios.map(({ name }) => name).sort());
  });

  it.concurrent.each(scenarios.map((scenario) => [scenario.name, scenario] as const))(
    '%s: what the page says is what is seen',
    async (name, scenario) => {
      const seen = await watch(scenario);
      const { line, ...row } = rows.find((each) => each.name === name) ?? { line: 0 };
      expect(row, `${file}:${line}`).toEqual({ name, ...seen });
    },
  );
});
