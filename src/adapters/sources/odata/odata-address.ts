import type { BackfillWindow } from '#domain/pipeline/backfill.ts';
import { firstMoment } from '../shared/backfill-window.ts';
import { setParam } from '../shared/http/set-param.ts';
import type { Boundary } from '../shared/incremental.ts';
import type { Csdl } from './csdl.ts';
import { literalOf } from './edm-types.ts';
import type { ODataOptions } from './odata-options.ts';
import type { DescribedRows } from './row-shape.ts';

/** The address of something of a service, whose own may end with a slash or not. */
export function addressIn(service: URL, path: string): URL {
  const url = new URL(service);
  const segments = path.split('/').map((segment) => encodeURI(segment).replace(/[?#]/g, encodeURIComponent));
  url.pathname = `${url.pathname.replace(/\/$/, '')}/${segments.join('/')}`;
  return url;
}

/** From which value on rows are asked for, and in a backfill within which window. */
interface Span {
  readonly from: Boundary | null;
  readonly window: BackfillWindow | null;
}

const MOMENT = 'Edm.DateTimeOffset';

/** The address of the first rows: from the boundary on where rows are read incrementally, else from the beginning. */
export function firstAddress(
  service: URL,
  options: ODataOptions,
  described: DescribedRows,
  csdl: Csdl | null,
  span: Span,
): URL {
  const url = addressIn(service, options.entity);
  const filter = filterOf(options, described, csdl, span);
  if (options.select !== null) setParam(url, '$select', options.select.join(','));
  if (options.expand !== null) setParam(url, '$expand', options.expand.join(','));
  if (filter !== null) setParam(url, '$filter', filter);
  const order = options.incremental === null ? options.orderby : orderOf(options.incremental.field, described.key);
  if (order !== null) setParam(url, '$orderby', order.join(','));
  return url;
}

/** By the field, and among rows with one value of it by the key, so that no row is on two pages or on none. */
function orderOf(field: string, key: readonly string[]): readonly string[] {
  return [field, ...key.filter((name) => name !== field)];
}

function filterOf(
  { filter, incremental }: ODataOptions,
  { properties }: DescribedRows,
  csdl: Csdl | null,
  { from, window }: Span,
): string | null {
  if (incremental === null) return filter;
  const { field } = incremental;
  const start = window?.from ?? incremental.start;
  const property = properties.find(({ name }) => name === field);
  const type = property === undefined || csdl === null ? null : csdl.primitive(property.type);
  const literal = (text: string) => literalOf(type === MOMENT ? firstMoment(text) : text, isNumber(text, type), type);
  const least = from === null ? start && literal(start) : literalOf(from.value, from.isNumber, type);
  // A row without a value has no place among the others.
  const condition =
    least !== null
      ? `${field} ge ${least}${window === null ? '' : ` and ${field} lt ${literal(window.to)}`}`
      : property?.nullable === false
        ? null
        : `${field} ne null`;
  if (filter === null || condition === null) return filter ?? condition;
  return `(${filter}) and ${condition}`;
}

function isNumber(text: string, type: string | null): boolean {
  return type === null && /^-?\d+(\.\d+)?$/.test(text);
}
