import { provideBrowserGlobalErrorListeners } from '@angular/core';
import { bootstrapApplication } from '@angular/platform-browser';
import { relay } from 'steadystream';
import { provideSteadyStream } from 'steadystream/angular';
import { App } from './app/app';

bootstrapApplication(App, {
  providers: [provideBrowserGlobalErrorListeners(), provideSteadyStream({ provider: relay({ url: '/api/chat' }) })],
}).catch((error: unknown) => console.error(error));
