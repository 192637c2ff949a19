/** What a page asks to be done or expects to be seen, in its order. */
export type Step =
  | { readonly kind: 'run'; readonly line: number; readonly text: string; readonly fails: boolean }
  | { readonly kind: 'expect'; readonly line: number; readonly text: string; readonly isJson: boolean }
  | { readonly kind: 'write'; readonly line: number; readonly path: string; readonly text: string }
  | { readonly kind: 'stop'; readonly line: number };

interface Fence {
  readonly line: number;
  readonly info: readonly string[];
  readonly text: string;
}

/** A fenced block, or the remark that stands where a reader presses Ctrl+C. */
const PARTS = /^```([^\n]*)\n([\s\S]*?)^```[ \t]*$|^<!-- stop the server -->$/gm;

/** Every fenced block of a page. */
export function fencesOf(markdown: string): Fence[] {
  return [...markdown.matchAll(PARTS)].flatMap((match) =>
    match[1] === undefined
      ? []
      : [{ line: lineAt(markdown, match.index), info: words(match[1]), text: match[2] ?? '' }],
  );
}

/**
 * The steps of a page: blocks marked `sh` are run, a `text` or `json` block behind one is what is seen then, a block
 * with `file=NAME` is a file to write. `sh fails` ends with an error; `sh not-run` is for the reader alone.
 */
export function stepsOf(markdown: string): Step[] {
  const steps: Step[] = [];
  for (const match of markdown.matchAll(PARTS)) {
    const line = lineAt(markdown, match.index);
    if (match[1] === undefined) {
      steps.push({ kind: 'stop', line });
      continue;
    }
    const [language, ...marks] = words(match[1]);
    const text = match[2] ?? '';
    const path = marks.find((mark) => mark.startsWith('file='))?.slice('file='.length);
    if (path !== undefined) steps.push({ kind: 'write', line, path, text });
    else if (language === 'sh' && !marks.includes('not-run')) {
      steps.push({ kind: 'run', line, text, fails: marks.includes('fails') });
    } else if ((language === 'text' || language === 'json') && steps.at(-1)?.kind === 'run') {
      steps.push({ kind: 'expect', line, text, isJson: language === 'json' });
    }
  }
  return steps;
}

function words(info: string): string[] {
  return info.trim().split(/\s+/).filter(Boolean);
}

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}
