import { ChangeDetectionStrategy, Component, computed, input } from '@angular/core';
import type { AnswerView } from 'steadystream/angular';
import { countdownTo } from './countdown';
import { statusWords } from './status-words';

/** What happens while there is nothing to read: connecting, or waiting for another attempt. */
@Component({
  selector: 'app-status-line',
  changeDetection: ChangeDetectionStrategy.OnPush,
  // A clock that is read out each second helps nobody: what is worth saying is said by the application.
  host: { 'aria-hidden': 'true', '[class.retrying]': 'isRetrying()' },
  template: `
    <span class="pulse"></span>
    <span class="words">{{ words() }}</span>
    @if (view().attempt > 1) {
      <span class="attempt">attempt {{ view().attempt }}</span>
    }
  `,
})
export class StatusLine {
  readonly view = input.required<AnswerView>();

  protected readonly isRetrying = computed(() => this.view().status === 'retrying');
  private readonly seconds = countdownTo(
    computed(() => {
      const view = this.view();
      return view.status === 'retrying' ? view.retryAt : undefined;
    }),
  );
  protected readonly words = computed(() => {
    const words = statusWords(this.view());
    if (!this.isRetrying()) return words;
    const seconds = this.seconds();
    return seconds ? `${words}, trying again in ${seconds} s` : `${words}, trying again`;
  });
}
