/** One command of a block: its words, and the file its output goes to. */
export interface CommandLine {
  readonly words: readonly string[];
  readonly outputTo: string | null;
}

interface Word {
  text: string;
  quoted: boolean;
}

/** What a block is made of: what ends a command, what ends a word, and the pieces of a word. */
const PIECES =
  /(?<end>\n)|(?<gap>(?:[ \t]|\\\n)+|#[^\n]*)|'(?<single>[^']*)'|"(?<double>[^"\\$`]*)"|(?<plain>[^\s'"\\$`|&;<]+)/y;

/**
 * Reads a block of commands as a shell would, as far as the guides go: words, quotes, `\` at the end of a line,
 * `# remarks`, and `> file`. Whatever else a shell knows is refused, so that the guides run everywhere.
 */
export function readCommands(block: string): CommandLine[] {
  const commands: Word[][] = [[]];
  let word: Word | null = null;
  for (let at = 0; at < block.length; ) {
    PIECES.lastIndex = at;
    const match = PIECES.exec(block);
    if (match === null)
      throw new Error(`the commands of a guide may not have what this begins with: ${block.slice(at)}`);
    at = PIECES.lastIndex;
    const { end, gap, single, double, plain } = match.groups ?? {};
    if (end !== undefined) commands.push([]);
    if (end !== undefined || gap !== undefined) {
      word = null;
      continue;
    }
    if (word === null) {
      word = { text: '', quoted: false };
      commands.at(-1)?.push(word);
    }
    word.text += single ?? double ?? plain ?? '';
    word.quoted ||= plain === undefined;
  }
  return commands.filter((words) => words.length > 0).map(commandOf);
}

function commandOf(words: readonly Word[]): CommandLine {
  const at = words.findIndex(({ text, quoted }) => text === '>' && !quoted);
  const outputTo = at < 0 ? null : (words[at + 1]?.text ?? null);
  return { words: (at < 0 ? words : words.slice(0, at)).map(({ text }) => text), outputTo };
}
