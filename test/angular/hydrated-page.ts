// A page that a server renders and a browser takes over; bundled by the tests, and run in both.
import '@angular/compiler';
import {
  ChangeDetectionStrategy,
  Component,
  computed,
  InjectionToken,
  inject,
  provideZoneChangeDetection,
  provideZonelessChangeDetection,
} from '@angular/core';
import { bootstrapApplication, provideClientHydration } from '@angular/platform-browser';
import { injectAnswer, injectChat, provideSteadyStream } from '../../src/angular/index.ts';
import { openai, type StreamRequest } from '../../src/index.ts';

const ask = (content: string): StreamRequest => ({ model: 'm-1', messages: [{ role: 'user', content }] });

/** One answer of the application, that a part of the page asks for after another part has shown it. */
const SHARED = new InjectionToken('an answer of the application', { providedIn: 'root', factory: () => injectAnswer() });

const Asking = Component({ selector: 'app-asking', template: '{{ shared.status() }}' })(
  class {
    readonly shared = inject(SHARED);
    ngOnInit(): void {
      this.shared.send(ask('from ngOnInit'));
    }
    ngAfterViewInit(): void {
      this.shared.send(ask('from ngAfterViewInit'));
    }
  },
);

export const App = Component({
  selector: 'app-root',
  changeDetection: ChangeDetectionStrategy.Default,
  imports: [Asking],
  template: `
    <p id="before">{{ shared.status() }} {{ shared.text() }} {{ length() }}</p>
    @if (shared.running()) { <i>running</i> }
    <app-asking />
    <p id="declared">{{ declared.text() }}</p>
    <p id="chat">@for (turn of chat.messages(); track turn.id) { {{ turn.text }} }</p>`,
})(
  class {
    readonly shared = inject(SHARED);
    readonly length = computed(() => this.shared.text().length);
    readonly declared = injectAnswer({ request: () => ask('declared') });
    readonly chat = injectChat({ request: (messages) => ({ model: 'm-1', messages }), storage: { key: 'hydrated' } });
  },
);

export const providersOf = (baseURL: string) => [
  'Zone' in globalThis ? provideZoneChangeDetection() : provideZonelessChangeDetection(),
  provideClientHydration(),
  provideSteadyStream({ provider: openai({ apiKey: 'test', baseURL }) }),
];

if (!('process' in globalThis)) {
  const errors: string[] = [];
  for (const level of ['error', 'warn'] as const) console[level] = (...values: unknown[]) => void errors.push(values.map(String).join(' '));
  addEventListener('unhandledrejection', ({ reason }) => errors.push(`unhandled rejection: ${reason}`));
  sessionStorage.setItem(
    'hydrated',
    JSON.stringify({
      version: 1,
      messages: [{ id: 'u', role: 'user', text: 'kept', reasoning: '', toolCalls: [], status: 'done', messages: [] }],
    }),
  );
  const rendered = document.querySelector('#declared');
  void bootstrapApplication(App, { providers: providersOf(new URL('/v1', location.href).href) }).then(() => {
    const of = (id: string) => document.getElementById(id)?.textContent;
    Object.assign(globalThis, {
      shown: () => ({
        before: of('before'),
        declared: of('declared'),
        chat: of('chat')?.trim(),
        isHydrated: rendered !== null && rendered === document.querySelector('#declared'),
        errors,
      }),
    });
  });
}
