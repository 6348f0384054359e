import { ChangeDetectionStrategy, Component, output } from '@angular/core';

interface Suggestion {
  readonly title: string;
  readonly about: string;
  readonly prompt: string;
  /** The path of its icon, on a field of 20 by 20. */
  readonly icon: string;
}

const suggestions: readonly Suggestion[] = [
  {
    title: 'A good day',
    about: 'An answer that simply arrives.',
    prompt: 'Why is the sea salty?',
    icon: 'M3 8c2.3 0 2.3 2 4.7 2S10 8 12.3 8s2.4 2 4.7 2M3 13c2.3 0 2.3 2 4.7 2s2.3-2 4.6-2 2.4 2 4.7 2',
  },
  {
    title: 'A busy provider',
    about: 'Refused twice. Watch it wait, and come back.',
    prompt: '/busy How do the tides work?',
    icon: 'M10 5.5V10l3 2M17 10a7 7 0 1 1-14 0 7 7 0 0 1 14 0Z',
  },
  {
    title: 'A lost connection',
    about: 'It breaks off in mid-sentence. What was said stays.',
    prompt: '/drop What makes bread rise?',
    icon: 'M3 10h4.5M12.5 10H17M8.5 6.5l3 7M11.5 6.5l-3 7',
  },
  {
    title: 'A long silence',
    about: 'Signs of life, but no word. A second attempt speaks.',
    prompt: '/stall Why do cats purr?',
    icon: 'M4 10h.01M8 10h.01M12 10h.01M16 10h.01',
  },
  {
    title: 'A long story',
    about: 'Time enough to reload, go offline or open a second tab.',
    prompt: '/long A day in the life of light',
    icon: 'M4 5.5h12M4 10h12M4 14.5h7',
  },
  {
    title: 'A few lines of code',
    about: 'In a fence, as models write them.',
    prompt: 'Show me a debounce in TypeScript',
    icon: 'M7 6l-4 4 4 4M13 6l4 4-4 4',
  },
];

/** What can be tried where nothing has been said. */
@Component({
  selector: 'app-suggestions',
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <h2>Ask something. Then pull the plug.</h2>
    <p class="lead">Answers survive busy providers, lost connections and reloads. Try one:</p>
    <ul>
      @for (suggestion of suggestions; track suggestion.title) {
        <li>
          <button type="button" class="suggestion" (click)="chosen.emit(suggestion.prompt)">
            <svg viewBox="0 0 20 20" aria-hidden="true"><path [attr.d]="suggestion.icon" /></svg>
            <span><strong>{{ suggestion.title }}</strong> {{ suggestion.about }}</span>
          </button>
        </li>
      }
    </ul>
  `,
})
export class Suggestions {
  readonly chosen = output<string>();
  protected readonly suggestions = suggestions;
}
