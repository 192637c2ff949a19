import { broken, JsonScanner } from './json-scanner.ts';

const [OPEN_BRACKET, CLOSE_BRACKET, COMMA] = [0x5b, 0x5d, 0x2c];
const [LINE_FEED, CARRIAGE_RETURN, BLANK] = [0x0a, 0x0d, 0x20];

/**
 * The items of a JSON array, each as its bytes.
 * @throws DataForgeError `invalid_body` where the text is no array, or not a whole one
 */
export function* arrayItems(json: Uint8Array): Generator<Uint8Array> {
  const scanner = new JsonScanner(json);
  if (!scanner.skip(OPEN_BRACKET)) throw broken();
  if (scanner.skip(CLOSE_BRACKET)) return;
  do yield scanner.value();
  while (scanner.skip(COMMA));
  if (!scanner.skip(CLOSE_BRACKET)) throw broken();
}

/** Makes blanks of all line breaks: between the tokens of JSON they mean the same, and within its texts there is none. */
export function blankLineBreaks(json: Buffer): void {
  for (const byte of [LINE_FEED, CARRIAGE_RETURN]) {
    for (let at = json.indexOf(byte); at >= 0; at = json.indexOf(byte, at + 1)) json[at] = BLANK;
  }
}
