import { ChangeDetectionStrategy, Component, computed, input } from '@angular/core';
import { textBlocks } from './text-blocks';

/** A text in paragraphs and blocks of code, with a caret behind it while more is to come. */
@Component({
  selector: 'app-message-text',
  changeDetection: ChangeDetectionStrategy.OnPush,
  host: { '[class.growing]': 'growing()' },
  template: `
    @for (block of blocks(); track $index) {
      @if (block.kind === 'code') {
        <pre tabindex="0"><code>{{ block.text }}</code></pre>
      } @else {
        <p>{{ block.text }}</p>
      }
    }
  `,
})
export class MessageText {
  readonly text = input.required<string>();
  readonly growing = input(false);

  protected readonly blocks = computed(() => textBlocks(this.text()));
}
