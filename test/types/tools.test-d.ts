import { filter, map, type Observable, of, type Subscription, timer } from 'rxjs';
import {
  type Client,
  type Message,
  result,
  runTools,
  type StreamRequest,
  type StreamResult,
  type Tool,
  type ToolCallOf,
  textDeltas,
  tool,
  toolCalls,
  toolDefinitions,
} from 'steadystream';
import { z } from 'zod';

// Programs with tools, as users write them: that they compile is the test (`tsc`). They are not run.

const hello: StreamRequest = { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'What is the weather in Rome?' }] };

const weather = tool({
  description: 'The weather of a city.',
  input: z.object({ city: z.string(), days: z.coerce.number().default(1) }),
  execute: async ({ city, days }, { signal }) => {
    const response = await fetch(`https://weather.example/${city}?days=${days.toFixed()}`, { signal });
    return response.json() as Promise<unknown>;
  },
});
const clock = tool({ input: z.object({ zone: z.enum(['utc', 'local']) }), execute: ({ zone }) => timer(10).pipe(map(() => zone)) });
/** Of another library, or by hand: no JSON Schema of its own, and nothing to execute. */
const ask: Tool = {
  input: { '~standard': { version: 1, vendor: 'by hand', validate: (value) => ({ value }) } },
  inputSchema: { type: 'object' },
};
const tools = { weather, clock, ask };

/** An agent on a command line, with messages of the user that arrive meanwhile. */
export function agent(client: Client, typed$: Observable<string>, signal: AbortSignal): Subscription {
  const messages$ = typed$.pipe(map((content): Message => ({ role: 'user', content })));
  return runTools(client, hello, { tools, maxSteps: 5, signal, messages$, timeout: { total: 60_000 }, onToolError: 'report' })
    .pipe(textDeltas())
    .subscribe((text) => process.stdout.write(text));
}

/** A run as one result. */
export const conversation = (client: Client): Observable<StreamResult> => runTools(client, hello, { tools: {} }).pipe(result());

/** Calls without the loop: the name of the tool tells the type of the input. */
export function calls(client: Client): Observable<string> {
  return client.stream({ ...hello, tools: toolDefinitions(tools) }).pipe(
    toolCalls({ weather, clock }),
    map((call) => {
      if (call.toolName === 'weather') {
        // @ts-expect-error: that is the clock's.
        void call.input.zone;
        return `${call.input.city.toUpperCase()} ${call.input.days.toFixed()}`;
      }
      const zone: 'utc' | 'local' = call.input.zone;
      return zone;
    }),
  );
}

/** The schema alone is a tool for `toolCalls`. */
export const only: Observable<{ readonly toolName: 'clock'; readonly input: { zone: string } }> = of().pipe(
  toolCalls({ clock: { input: clock.input } }),
  filter(({ toolName }) => toolName === 'clock'),
);

export const typed: ToolCallOf<typeof tools>['toolName'] = 'ask';

// @ts-expect-error: the tool has no such input.
tool({ input: z.object({ city: z.string() }), execute: ({ town }) => town });

// @ts-expect-error: a run has tools.
export const toolless = (client: Client) => runTools(client, hello, { maxSteps: 3 });

interface Citation {
  readonly type: 'citation';
  readonly url: string;
}

/** A provider's own events come through. */
export const urls = (client: Client<Citation>): Observable<string> =>
  runTools(client, hello, { tools }).pipe(
    filter((event): event is Citation => event.type === 'citation'),
    map(({ url }) => url),
  );
