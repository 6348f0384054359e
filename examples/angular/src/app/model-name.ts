import type { Signal } from '@angular/core';
import { toSignal } from '@angular/core/rxjs-interop';
import { catchError, EMPTY, map, retry } from 'rxjs';
import { fromFetch } from 'rxjs/fetch';

interface Model {
  readonly provider: string;
  readonly model: string;
}

/** Who answers, as the server says; nothing until it does. Call it where `inject()` may be called. */
export function modelName(): Signal<string | undefined> {
  const model$ = fromFetch<Model>('/api/model', { selector: (response) => response.json() });
  return toSignal(
    model$.pipe(
      retry({ count: 5, delay: 2_000 }),
      map(({ provider, model }) => `${provider} · ${model}`),
      catchError(() => EMPTY),
    ),
  );
}
