import { createInterface, type Interface } from 'node:readline';
import type { Conversation } from '../pass/baseline-review.ts';

export interface TerminalConversation extends Conversation {
  /** Whether the person left with Ctrl-C. */
  readonly interrupted: boolean;
  close(): void;
}

/**
 * Asks on a terminal. Ctrl-C and Ctrl-D both end the conversation: every question from then on is answered with null. A
 * line that nobody asked for is dropped, so that a reason pasted with several lines answers no later question.
 */
export function openConversation(input: NodeJS.ReadableStream, output: NodeJS.WritableStream): TerminalConversation {
  const terminal: Interface = createInterface({ input, output, removeHistoryDuplicates: true });
  let hasLeft = false;
  let interrupted = false;
  let answer: ((text: string | null) => void) | null = null;
  const settle = (text: string | null): void => {
    const pending = answer;
    answer = null;
    pending?.(text);
  };
  terminal.on('line', (line) => {
    settle(line.trim());
  });
  terminal.on('SIGINT', () => {
    interrupted = true;
    terminal.close();
  });
  terminal.on('close', () => {
    hasLeft = true;
    settle(null);
  });
  return {
    get interrupted() {
      return interrupted;
    },
    show: (lines) => {
      output.write(lines.map((line) => `${line}\n`).join(''));
    },
    ask: (question) =>
      new Promise((resolve) => {
        if (hasLeft) {
          resolve(null);
          return;
        }
        answer = resolve;
        terminal.setPrompt(question);
        terminal.prompt();
      }),
    close: () => {
      terminal.close();
    },
  };
}
