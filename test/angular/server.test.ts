import '@angular/compiler';
import { ChangeDetectionStrategy, Component, provideZonelessChangeDetection } from '@angular/core';
import { type BootstrapContext, bootstrapApplication, provideClientHydration } from '@angular/platform-browser';
import { provideServerRendering, renderApplication } from '@angular/platform-server';
import { expect, it } from 'vitest';
import { injectAnswer, injectChat, provideSteadyStream } from '../../src/angular/index.ts';
import { openai } from '../../src/index.ts';
import { serve } from '../integration/support.ts';

const ask = { model: 'm-1', messages: [{ role: 'user', content: 'Hello' }] } as const;

const App = Component({
  selector: 'app-root',
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `<p>declared {{ declared.status() }}</p><p>told {{ told.status() }}</p><p>turns {{ chat.messages().length }}</p>`,
})(
  class {
    readonly declared = injectAnswer({ request: () => ask });
    readonly told = injectAnswer();
    readonly chat = injectChat({ request: (messages) => ({ model: 'm-1', messages }), storage: { key: 'chat' } });
    constructor() {
      this.told.send(ask);
      this.chat.send('Hello');
    }
  },
);

it('asks nothing while a server renders, shows that it is idle, and does not hold the page back', async () => {
  const provider = await serve({ headersDelay: 5_000, text: ['Hi'] });
  const providers = [
    provideZonelessChangeDetection(),
    provideServerRendering(),
    provideClientHydration(),
    provideSteadyStream({ provider: openai({ apiKey: 'test', baseURL: provider.url }) }),
  ];
  const begin = performance.now();
  const html = await renderApplication((context: BootstrapContext) => bootstrapApplication(App, { providers }, context), {
    document: '<!doctype html><html><body><app-root></app-root></body></html>',
    url: 'http://localhost/',
    allowedHosts: ['localhost'],
  });
  expect(html).toContain('declared idle');
  expect(html).toContain('told idle');
  expect(html).toContain('turns 0');
  expect(performance.now() - begin).toBeLessThan(4_000);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(provider.requests).toHaveLength(0);
});
