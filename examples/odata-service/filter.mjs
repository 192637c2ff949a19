// $filter of OData 4.01, as far as comparisons go: eq ne gt ge lt le, and, or, not, parentheses.

const TOKEN = /\s*(?:(\()|(\))|('(?:[^']|'')*')|([^\s()']+))/y;
const COMPARISONS = {
  eq: (a, b) => a === b,
  ne: (a, b) => a !== b,
  gt: (a, b) => a !== null && b !== null && a > b,
  ge: (a, b) => a !== null && b !== null && a >= b,
  lt: (a, b) => a !== null && b !== null && a < b,
  le: (a, b) => a !== null && b !== null && a <= b,
};

/**
 * Makes a function of a row of a filter.
 * @param {string} text
 * @param {Record<string, string>} types types of the properties by their names
 * @throws {SyntaxError} where it is none that this service knows
 */
export function compileFilter(text, types) {
  const tokens = tokensOf(text);
  let at = 0;
  const take = () => tokens[at++];

  function either() {
    let left = both();
    while (tokens[at] === 'or') {
      at++;
      const [a, b] = [left, both()];
      left = (row) => a(row) || b(row);
    }
    return left;
  }

  function both() {
    let left = one();
    while (tokens[at] === 'and') {
      at++;
      const [a, b] = [left, one()];
      left = (row) => a(row) && b(row);
    }
    return left;
  }

  function one() {
    const token = take();
    if (token === 'not') {
      const inner = one();
      return (row) => !inner(row);
    }
    if (token === '(') {
      const inner = either();
      if (take() !== ')') throw new SyntaxError('A parenthesis is not closed');
      return inner;
    }
    const [operator, literal] = [take(), take()];
    const type = Object.hasOwn(types, token ?? '') ? types[token] : undefined;
    const compare = Object.hasOwn(COMPARISONS, operator ?? '') ? COMPARISONS[operator] : undefined;
    if (type === undefined || compare === undefined || literal === undefined) {
      throw new SyntaxError(`The service cannot read ${[token, operator, literal].join(' ')}`);
    }
    const value = literalValue(literal, type);
    return (row) => compare(comparable(row[token], type), value);
  }

  const filter = either();
  if (at < tokens.length) throw new SyntaxError(`The service cannot read ${tokens[at]}`);
  return filter;
}

function tokensOf(text) {
  const tokens = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.trimEnd().length) {
    const match = TOKEN.exec(text);
    if (match === null) throw new SyntaxError('The service cannot read the filter');
    tokens.push(match[0].trim());
  }
  return tokens;
}

function literalValue(literal, type) {
  if (literal === 'null') return null;
  if (literal.startsWith("'")) return literal.slice(1, -1).replaceAll("''", "'");
  return comparable(type === 'Edm.DateTimeOffset' ? literal : Number(literal), type);
}

function comparable(value, type) {
  return value !== null && type === 'Edm.DateTimeOffset' ? Date.parse(value) : value;
}
