import { ChangeDetectionStrategy, Component, computed, viewChild } from '@angular/core';
import { injectChat } from 'steadystream/angular';
import { Composer } from './composer';
import { MessageText } from './message-text';
import { modelName } from './model-name';
import { onlineSignal } from './online';
import { StatusLine } from './status-line';
import { StickToEnd } from './stick-to-end';
import { Suggestions } from './suggestions';
import { waitingFor } from './waiting';

/** A conversation with whoever the server says. */
@Component({
  selector: 'app-root',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [Composer, MessageText, StatusLine, StickToEnd, Suggestions],
  templateUrl: './app.html',
})
export class App {
  protected readonly chat = injectChat({
    // The server has the last word on the model.
    request: (messages) => ({ model: 'default', messages }),
    // The conversation outlives a reload, and an answer that is on its way goes on.
    storage: { key: 'chat' },
  });
  protected readonly waiting = waitingFor(this.chat.view);
  protected readonly modelName = modelName();
  protected readonly isOnline = onlineSignal();
  /** For those who listen: when something changes, and not each second. */
  protected readonly announcement = computed(() => {
    if (this.chat.status() === 'done') return 'The answer is complete.';
    const { words = '', attempt } = this.waiting() ?? {};
    return attempt ? `${words}, attempt ${attempt}` : words;
  });

  private readonly composer = viewChild.required(Composer);
  private readonly conversation = viewChild.required(StickToEnd);

  protected send(text: string): void {
    this.chat.send(text);
    this.conversation().scrollToEnd();
    this.composer().focus();
  }

  protected startAnew(): void {
    this.chat.clear();
    this.composer().focus();
  }
}
