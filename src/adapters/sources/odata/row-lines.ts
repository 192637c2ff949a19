import { blankLineBreaks } from '#formats/json/array-items.ts';
import { broken, JsonScanner } from '#formats/json/json-scanner.ts';
import { ByteWriter } from './byte-writer.ts';
import { KeyPlan } from './key-plan.ts';
import type { MemberShape, RowShape } from './row-shape.ts';
import { excessZeros, isNumberText } from './value-text.ts';

const [QUOTE, COLON, COMMA, LINE_FEED, AT] = [0x22, 0x3a, 0x2c, 0x0a, 0x40];
const [OPEN_BRACE, CLOSE_BRACE, OPEN_BRACKET, CLOSE_BRACKET] = [0x7b, 0x7d, 0x5b, 0x5d];
const NOTHING = Buffer.alloc(0);

interface RowLinesOptions {
  readonly shape: RowShape;
  /** Members that every row gets besides its own: `,"name":value`. */
  readonly besides?: string;
  /** Makes a line of a row that is no entity but speaks of one, as answers to delta links have them; null for no line. */
  readonly special: (row: Uint8Array) => Uint8Array | null;
}

/** What an answer to a delta link has in the place of an entity. */
const SPECIAL = /^"@(?:odata\.)?removed"$|^"@(?:odata\.)?context":\s*"[^"]*\$(?:deletedEntity|link|deletedLink)"$/;

/**
 * Makes lines of JSON of the entities of an answer: without what the service says of them, with numbers for numbers, and
 * the members of flat properties among those of the row. All else stays as it is written, to the last digit.
 */
export class RowLines {
  readonly #options: RowLinesOptions;
  readonly #besides: Buffer;
  readonly #plans = new Map<RowShape, KeyPlan>();
  #json: Buffer = NOTHING;
  #scanner = new JsonScanner(NOTHING);
  #out = new ByteWriter(0);
  #isFirst = true;
  #isSpecial = false;
  /** Where the next sign is that only names of what the service says, and some texts, have. */
  #control = -1;

  constructor(options: RowLinesOptions) {
    this.#options = options;
    this.#besides = Buffer.from(options.besides ?? '');
  }

  /**
   * @param array the list of the answer, whose line breaks become blanks
   * @throws DataForgeError `invalid_body` where it is no whole list of objects
   */
  of(array: Uint8Array): Uint8Array {
    this.#json = Buffer.from(array.buffer, array.byteOffset, array.byteLength);
    blankLineBreaks(this.#json);
    this.#scanner = new JsonScanner(this.#json);
    this.#out = new ByteWriter(array.length + 1024);
    this.#control = -1;
    this.#items(() => this.#row());
    return this.#out.written();
  }

  #row(): void {
    const before = this.#out.length;
    this.#scanner.next();
    const start = this.#scanner.at;
    this.#isSpecial = false;
    this.#object(this.#options.shape, NOTHING);
    this.#out.length--;
    this.#out.all(this.#isFirst ? this.#besides.subarray(1) : this.#besides);
    this.#out.byte(CLOSE_BRACE);
    this.#out.byte(LINE_FEED);
    if (!this.#isSpecial) return;
    this.#out.length = before;
    const line = this.#options.special(this.#json.subarray(start, this.#scanner.at));
    if (line !== null) this.#out.all(Buffer.from(line));
  }

  /** Goes through the list that is next; `item` goes past each of its items. */
  #items(item: () => void): void {
    const scanner = this.#scanner;
    if (!scanner.skip(OPEN_BRACKET)) throw broken();
    if (scanner.skip(CLOSE_BRACKET)) return;
    do item();
    while (scanner.skip(COMMA));
    if (!scanner.skip(CLOSE_BRACKET)) throw broken();
  }

  #object(shape: RowShape, prefix: Buffer): void {
    this.#out.byte(OPEN_BRACE);
    this.#isFirst = true;
    this.#members(shape, prefix);
    this.#out.byte(CLOSE_BRACE);
  }

  /** Writes the members of the object that is next. What stays as it is, is copied in one piece with what stays before it. */
  #members(shape: RowShape, prefix: Buffer): void {
    const scanner = this.#scanner;
    const plan = this.#planOf(shape);
    if (!scanner.skip(OPEN_BRACE)) throw broken();
    if (scanner.skip(CLOSE_BRACE)) return;
    let [kept, end] = [-1, -1];
    for (let index = 0; ; index++) {
      scanner.next();
      const key = scanner.at;
      scanner.passString();
      const keyEnd = scanner.at;
      if (!scanner.skip(COLON)) throw broken();
      const first = scanner.next();
      const value = scanner.at;
      const action = plan.at(index, this.#json, key, keyEnd);
      scanner.pass();
      const isNested = (first === OPEN_BRACE || first === OPEN_BRACKET) && this.#hasControl(value, scanner.at);
      if (action === 'keep' && !isNested && prefix.length === 0) {
        if (kept < 0) {
          this.#separate();
          kept = key;
        }
        end = scanner.at;
      } else {
        if (kept >= 0) this.#out.copy(this.#json, kept, end);
        kept = -1;
        if (action === 'drop') this.#heed(key, scanner.at);
        else this.#changed({ key, keyEnd, value, end: scanner.at }, action, prefix);
      }
      if (scanner.skip(COMMA)) continue;
      if (!scanner.skip(CLOSE_BRACE)) throw broken();
      break;
    }
    if (kept >= 0) this.#out.copy(this.#json, kept, end);
  }

  /** Writes a member that does not stay as it is. The scanner stands behind it, and does so again afterwards. */
  #changed(place: MemberPlace, action: 'keep' | MemberShape, prefix: Buffer): void {
    const { value, end } = place;
    const first = this.#json[value];
    if (action !== 'keep' && action.kind === 'flat' && (first === OPEN_BRACE || this.#isNull(place))) {
      if (first !== OPEN_BRACE) return;
      this.#scanner.at = value;
      this.#members(action.shape, Buffer.from(action.prefix));
      return;
    }
    this.#separate();
    this.#out.byte(QUOTE);
    this.#out.all(prefix);
    this.#out.copy(this.#json, place.key + 1, place.keyEnd);
    this.#out.byte(COLON);
    if (action !== 'keep' && first === QUOTE) this.#text(action, value, end);
    else this.#value(place);
  }

  /** Writes a text as what it means. */
  #text({ kind }: MemberShape, start: number, end: number): void {
    if (kind === 'number' && isNumberText(this.#json, start + 1, end - 1)) {
      this.#out.copy(this.#json, start + 1, end - 1);
      return;
    }
    const [from, to] = kind === 'time' ? excessZeros(this.#json, start, end) : [end, end];
    this.#out.copy(this.#json, start, from);
    this.#out.copy(this.#json, to, end);
  }

  /** Writes a value without what the service says within it. */
  #value({ value, end }: { readonly value: number; readonly end: number }): void {
    if (!this.#hasControl(value, end)) {
      this.#out.copy(this.#json, value, end);
      return;
    }
    const wasSpecial = this.#isSpecial;
    this.#scanner.at = value;
    this.#nested();
    this.#isFirst = false;
    this.#isSpecial = wasSpecial;
  }

  #nested(): void {
    const first = this.#scanner.next();
    const start = this.#scanner.at;
    if (first === OPEN_BRACE) this.#object(NO_SHAPE, NOTHING);
    else if (first === OPEN_BRACKET) {
      let isFirst = true;
      this.#out.byte(OPEN_BRACKET);
      this.#items(() => {
        if (!isFirst) this.#out.byte(COMMA);
        isFirst = false;
        this.#nested();
      });
      this.#out.byte(CLOSE_BRACKET);
    } else {
      this.#scanner.pass();
      this.#out.copy(this.#json, start, this.#scanner.at);
    }
  }

  /** Notes what a member that goes says of its row. */
  #heed(start: number, end: number): void {
    const name = this.#json.toString('latin1', start, Math.min(end, start + 20));
    if (!/^"@(?:odata\.)?[rc]/.test(name)) return;
    const text = this.#json.toString('utf8', start, end);
    if (SPECIAL.test(text) || /^"@(?:odata\.)?removed"/.test(text)) this.#isSpecial = true;
  }

  #separate(): void {
    if (!this.#isFirst) this.#out.byte(COMMA);
    this.#isFirst = false;
  }

  #hasControl(start: number, end: number): boolean {
    if (this.#control < start) {
      const found = this.#json.indexOf(AT, start);
      this.#control = found < 0 ? Number.POSITIVE_INFINITY : found;
    }
    return this.#control < end;
  }

  #isNull({ value }: MemberPlace): boolean {
    return this.#json[value] === 0x6e;
  }

  #planOf(shape: RowShape): KeyPlan {
    const known = this.#plans.get(shape);
    if (known !== undefined) return known;
    const plan = new KeyPlan(shape);
    this.#plans.set(shape, plan);
    return plan;
  }
}

/** Where the name and the value of a member begin and end. */
interface MemberPlace {
  readonly key: number;
  readonly keyEnd: number;
  readonly value: number;
  readonly end: number;
}

const NO_SHAPE: RowShape = new Map();
