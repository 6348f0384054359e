import type { AnswerView } from 'steadystream/angular';

/** How an answer stands, in a few words; nothing while it can simply be read. */
export function statusWords({ status, text, error }: AnswerView): string | undefined {
  if (status === 'connecting') return text === '' ? 'Connecting' : 'Going on';
  if (status !== 'retrying') return undefined;
  switch (error.category) {
    case 'rate-limit':
    case 'overloaded':
      return 'Busy';
    case 'timeout':
      return 'No answer yet';
    case 'network':
    case 'interrupted':
      return 'Connection lost';
    default:
      return 'Something went wrong';
  }
}
