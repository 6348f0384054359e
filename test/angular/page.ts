// What the pages of the tests do; bundled by them, and run in a browser.
import '@angular/compiler';
import {
  type ApplicationRef,
  ChangeDetectionStrategy,
  Component,
  computed,
  InjectionToken,
  Injector,
  inject,
  NgZone,
  provideZoneChangeDetection,
  provideZonelessChangeDetection,
  runInInjectionContext,
  signal,
} from '@angular/core';
import { bootstrapApplication } from '@angular/platform-browser';
import { type Answer, type Chat, injectAnswer, injectChat, provideSteadyStream } from '../../src/angular/index.ts';
import { createClient, openai, type Provider, relay, type StreamRequest } from '../../src/index.ts';
import { type FakeProvider, fakeProvider } from '../../src/testing/fake-provider.ts';
import { finish, text } from '../../src/testing/fixtures.ts';

const { errors } = globalThis as unknown as { readonly errors: string[] };
const print = console.error;
console.error = (...values: unknown[]) => {
  errors.push(values.map((value) => `${value} ${(value as Error | undefined)?.cause ?? ''}`).join(' '));
  print(...values);
};
addEventListener('unhandledrejection', ({ reason }) => errors.push(`unhandled rejection: ${reason}`));

const ask = (content: string): StreamRequest => ({ model: 'm-1', messages: [{ role: 'user', content }] });

const abc = [text('a'), text('b'), text('c'), finish()];
const synchronous: FakeProvider = fakeProvider<never>(abc, abc);
const providers: Record<string, () => Provider> = {
  openai: () => openai({ apiKey: 'test', baseURL: new URL('/v1', location.href).href }),
  relay: () => relay({ url: '/api/chat' }),
  synchronous: () => synchronous,
};

let renders = 0;
/** How often zone.js had Angular look at the page. */
let ticks = 0;
let answer: Answer | undefined;
let chat: Chat | undefined;
const isShown = signal(true);
const question = signal<string | undefined>(undefined);
const other = signal(0);
const isBroken = signal(false);

const view = `<p id="text">{{ answer.text() }}</p><p id="status">{{ answer.status() }}</p><p id="error">{{ answer.view().error?.category }}</p>{{ rendered() }}`;
const onPush = { changeDetection: ChangeDetectionStrategy.OnPush, selector: 'app-view', template: view };

/** Asks when it is told to. */
const Ask = Component(onPush)(
  class {
    readonly answer = injectAnswer();
    constructor() {
      answer = this.answer;
    }
    rendered(): string {
      renders++;
      return '';
    }
  },
);

/** Asks by what its signals say. */
const Declared = Component(onPush)(
  class {
    readonly answer = injectAnswer({
      request: () => {
        const content = question();
        other();
        return content === undefined ? undefined : ask(content);
      },
    });
    constructor() {
      answer = this.answer;
    }
    rendered(): string {
      renders++;
      return '';
    }
  },
);

/** Has its answer made by the first look at it: in a template, and in a computed signal. */
const Lazy = Component({ ...onPush, template: '<p id="text">{{ answer.text() }}</p><p id="computed">{{ other() }}</p>' })(
  class {
    readonly #injector = inject(Injector);
    #made: Answer | undefined;
    #other: Answer | undefined;
    get answer(): Answer {
      this.#made ??= runInInjectionContext(this.#injector, () => injectAnswer({ request: () => ask('Hello') }));
      answer = this.#made;
      return this.#made;
    }
    readonly other = computed(() => {
      if (!this.#other) {
        this.#other = runInInjectionContext(this.#injector, () => injectAnswer());
        this.#other.send(ask('Hello'));
      }
      return this.#other.text();
    });
  },
);

const SHARED = new InjectionToken('an answer of the application', { providedIn: 'root', factory: () => injectAnswer() });

const Part = Component({ ...onPush, selector: 'app-part' })(
  class {
    readonly answer = inject(SHARED);
    rendered(): string {
      return '';
    }
  },
);

/** Two components that show one answer, until one of them goes. */
const Shared = Component({ ...onPush, imports: [Part], template: '<app-part /> @if (other() === 0) { <app-part /> }' })(
  class {
    readonly other = other;
    constructor() {
      answer = inject(SHARED);
    }
  },
);

/** A conversation that is kept. */
const Conversation = Component({
  ...onPush,
  template: '@for (turn of chat.messages(); track turn.id) { <p>{{ turn.role }}/{{ turn.status }}: {{ turn.text }}</p> }',
})(
  class {
    readonly chat = injectChat({
      request: (messages) => ({ model: 'm-1', messages }),
      storage: { key: 'conversation', maxCharacters: 20_000 },
    });
    constructor() {
      chat = this.chat;
    }
  },
);

/** Throws while it is rendered. */
const Throwing = Component({ ...onPush, selector: 'app-throwing', template: '{{ look() }}' })(
  class {
    look(): string {
      if (isBroken()) throw new Error('the template is broken');
      return answer?.text() ?? '';
    }
  },
);

const components = { Ask, Declared, Lazy, Shared, Conversation };

let application: ApplicationRef | undefined;

async function start(name: keyof typeof components, provider: string, retry = {}): Promise<void> {
  const Root = Component({
    selector: 'app-root',
    changeDetection: ChangeDetectionStrategy.OnPush,
    imports: [components[name], Throwing],
    template: '@if (isShown()) { <app-view /> } <app-throwing />',
  })(
    class {
      readonly isShown = isShown;
    },
  );
  document.body.append(document.createElement('app-root'));
  application = await bootstrapApplication(Root, {
    providers: [
      'Zone' in globalThis ? provideZoneChangeDetection() : provideZonelessChangeDetection(),
      provideSteadyStream(() =>
        createClient({ provider: (providers[provider] as () => Provider)(), retry: { initialDelay: 20, ...retry } }),
      ),
    ],
  });
  application.injector.get(NgZone).onMicrotaskEmpty.subscribe(() => ticks++);
}

/** What the page shows, and what has become of it. */
function shown() {
  const of = (id: string): string => document.getElementById(id)?.textContent ?? '';
  const turns = [...document.querySelectorAll('app-view p')].map(({ textContent }) => textContent);
  return { turns, text: of('text'), status: of('status'), error: of('error'), computed: of('computed'), renders, ticks, errors };
}

Object.assign(globalThis, {
  start,
  shown,
  ask,
  isShown,
  question,
  other,
  isBroken,
  synchronous,
  answer: () => answer,
  chat: () => chat,
  application: () => application,
  isReady: true,
});
