import type { Finding, Sign } from './finding.ts';
import { readLine } from './line.ts';
import type { Message } from './messages.ts';
import { recognizers } from './recognizers.ts';
import { findRemedy } from './remedy.ts';

/** A finding, and whose it is. */
export interface ContainerFinding extends Finding {
  /** `null` where nobody says. */
  readonly container: string | null;
}

/** What is told of a line at most. */
const longestQuote = 300;

/** A container that fails in more ways says the same ones over and over. */
const mostFindings = 200;

/**
 * From what is seen to its cause and the smallest remedy, each cause once, in the order in which they are seen first.
 * Lines that tell nothing are left out. Never throws, and takes time in proportion to what it reads.
 */
export function recognize(messages: Iterable<Message>): readonly ContainerFinding[] {
  const findings = new Map<string, ContainerFinding>();
  for (const { container, text } of messages) {
    if (findings.size === mostFindings) break;
    const line = readLine(text);
    const sign = findSign(line);
    if (sign === undefined) continue;
    const key = JSON.stringify([container, sign]);
    if (findings.has(key)) continue;
    findings.set(key, { container, line: cut(line.text), ...sign, remedy: findRemedy(sign) });
  }
  return [...findings.values()];
}

function findSign(line: ReturnType<typeof readLine>): Sign | undefined {
  for (const recognizer of recognizers) {
    const sign = recognizer(line);
    if (sign !== undefined) return sign;
  }
  return undefined;
}

function cut(text: string): string {
  return text.length > longestQuote ? `${text.slice(0, longestQuote - 1)}…` : text;
}
