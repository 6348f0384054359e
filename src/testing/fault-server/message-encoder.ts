import type { StreamAnswer } from './answer.ts';

/** Writes messages as the answer wants its lines: endings, byte order mark, what stands between messages, an unterminated last one. */
export function messageEncoder(answer: StreamAnswer): (message: string) => string {
  const { lineEnding = '\n', between, byteOrderMark, unterminated } = answer;
  // In this order no lone CR is followed by a lone LF, which would be one line ending.
  const endings = lineEnding === 'mixed' ? ['\r\n', '\n', '\r'] : [lineEnding];
  let line = 0;
  let first = true;
  let held = '';

  return (message) => {
    let text = first || between === undefined ? message : between + message;
    if (lineEnding !== '\n') text = text.replaceAll('\n', () => endings[line++ % endings.length] ?? '\n');
    if (first && byteOrderMark) text = `\uFEFF${text}`;
    first = false;
    if (!unterminated) return text;
    const end = text.search(/[\r\n]*$/);
    const sent = held + text.slice(0, end);
    held = text.slice(end);
    return sent;
  };
}
