import { stripVTControlCharacters } from 'node:util';

/** Where the text of an answer goes. */
export interface AnswerOutput {
  write(text: string): void;
  /** Ends the line that text stands on, so that something else may follow. */
  endLine(): void;
}

/** Text as it comes: untouched where it is piped; on a terminal without what could steer it. */
export function textOutput(stream: NodeJS.WriteStream): AnswerOutput {
  let isWithinLine = false;
  return {
    write: (text) => {
      stream.write(stream.isTTY ? harmless(text) : text);
      if (text !== '') isWithinLine = !text.endsWith('\n');
    },
    endLine: () => {
      if (isWithinLine) stream.write('\n');
      isWithinLine = false;
    },
  };
}

/** For an answer that is shown elsewhere. */
export const noOutput: AnswerOutput = { write: () => undefined, endLine: () => undefined };

/** What a model says may hold anything; on a terminal it may not move the cursor, set the title or write the clipboard. */
function harmless(text: string): string {
  return stripVTControlCharacters(text).replace(/[^\P{Cc}\n\t]/gu, '');
}
