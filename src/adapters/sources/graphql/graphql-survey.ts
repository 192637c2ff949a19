import {
  buildClientSchema,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  getIntrospectionQuery,
  getNamedType,
  getNullableType,
  type IntrospectionQuery,
  isLeafType,
  isListType,
  isObjectType,
  isRequiredArgument,
} from 'graphql';
import type { FileMembers, SourceOpening, Survey, SurveyRequest } from '#application/ports/source.ts';
import { DataForgeError } from '#domain/errors.ts';
import { chooseRelation } from '../shared/choose-relation.ts';
import { shownUrl } from '../shared/http/http-session.ts';
import { firstAnswer, isHttp, surveyedAddress, surveySession } from '../shared/http/survey-http.ts';
import { GRAPHQL_HEADERS } from './graphql-request.ts';

type Field = GraphQLField<unknown, unknown>;

/** A field of the query that gives rows. */
interface RowField {
  readonly field: Field;
  readonly row: GraphQLObjectType;
  /** Where a connection has its rows; null for a list. */
  readonly within: 'nodes' | 'edges' | null;
}

/** Arguments that cut a list into pages: rows to pass over, rows of a page. */
const OFFSETS = ['offset', 'skip', 'start'];
const LIMITS = ['limit', 'take', 'first', 'size', 'count'];

/** A list or a connection of a GraphQL endpoint, known by its introspection. */
export async function surveyGraphql(request: SurveyRequest, opening: SourceOpening): Promise<Survey | null> {
  const { address, relation, isNamed } = request;
  // Only an address that is called so is sent a query unasked.
  if (!isHttp(address) || !(isNamed || /\/(graphql|gql)\/?$/i.test(new URL(address).pathname))) return null;
  const { url, members } = surveyedAddress(request);
  const schema = await introspect(url, members, opening);
  const fields = rowFieldsOf(schema);
  const name = chooseRelation(
    fields.map(({ field }) => field.name),
    relation,
    { place: 'The query', relation: 'list without required arguments' },
  );
  const chosen = fields.find(({ field }) => field.name === name);
  if (chosen === undefined) return null;
  const { query, paging, note } = queryOf(chosen);
  return {
    members: {
      url: url.href,
      ...members,
      query,
      ...(chosen.within === null && { records: name }),
      ...(paging && { paging }),
    },
    name,
    notes: note === null ? [] : [note],
    description: null,
    gives: 'all rows',
    incremental: (field) => ({ field }),
  };
}

async function introspect(url: URL, members: FileMembers, opening: SourceOpening): Promise<GraphQLSchema> {
  const session = surveySession({ url, members }, opening);
  const body = JSON.stringify({ query: getIntrospectionQuery({ descriptions: false }) });
  const { bytes } = await firstAnswer(session, url, { method: 'POST', headers: GRAPHQL_HEADERS, body });
  try {
    const { data } = JSON.parse(bytes.toString()) as { data: IntrospectionQuery };
    return buildClientSchema(data);
  } catch (cause) {
    const message = `${shownUrl(url)} does not tell its schema: it is no GraphQL endpoint, or its introspection is switched off; write the query into a pipeline file by hand.`;
    throw new DataForgeError('source_failed', message, { cause });
  }
}

function rowFieldsOf(schema: GraphQLSchema): readonly RowField[] {
  const fields = Object.values(schema.getQueryType()?.getFields() ?? {});
  return fields.flatMap((field) => {
    if (field.args.some(isRequiredArgument) || isDeprecated(field)) return [];
    const type = getNullableType(field.type);
    if (isListType(type)) return rowField(field, type, null);
    if (!isObjectType(type) || type.getFields().pageInfo === undefined) return [];
    const { nodes, edges } = type.getFields();
    if (nodes !== undefined) return rowField(field, nodes.type, 'nodes');
    const edge = edges && getNamedType(edges.type);
    const node = isObjectType(edge) ? edge.getFields().node : undefined;
    return node === undefined ? [] : rowField(field, node.type, 'edges');
  });
}

function rowField(field: Field, type: GraphQLOutputType, within: RowField['within']): readonly RowField[] {
  const row = getNamedType(type);
  return isObjectType(row) && leavesOf(row).length > 0 ? [{ field, row, within }] : [];
}

function isDeprecated({ deprecationReason = null }: Pick<Field, 'deprecationReason'>): boolean {
  return deprecationReason !== null;
}

/** The members of a row that are plain values, or lists of them. */
function leavesOf(row: GraphQLObjectType): readonly string[] {
  return Object.values(row.getFields())
    .filter(({ type, args }) => isLeafType(getNamedType(type)) && !args.some(isRequiredArgument))
    .filter((field) => !isDeprecated(field))
    .map(({ name }) => name);
}

interface RowQuery {
  readonly query: string;
  readonly paging: FileMembers | null;
  readonly note: string | null;
}

function queryOf({ field, row, within }: RowField): RowQuery {
  const { name, args } = field;
  const typeOf = (wanted: readonly string[]) => args.find((arg) => wanted.includes(arg.name));
  const leaves = leavesOf(row).join(' ');
  if (within !== null) {
    const [first, after] = [typeOf(['first']), typeOf(['after'])];
    const rows = within === 'nodes' ? `nodes { ${leaves} }` : `edges { node { ${leaves} } }`;
    const content = `{ ${rows} pageInfo { hasNextPage endCursor } }`;
    const used = [first, after].flatMap((arg) => arg ?? []);
    const paging = { kind: 'relay', connection: name };
    if (after !== undefined) return { query: document(name, used, content), paging, note: null };
    const note = `${name} is a connection that takes no argument after, so that its first page is all that can be read.`;
    return { query: document(name, [], content), paging, note };
  }
  const [offset, limit] = [typeOf(OFFSETS), typeOf(LIMITS)];
  const content = `{ ${leaves} }`;
  if (offset === undefined || limit === undefined)
    return { query: document(name, [], content), paging: null, note: null };
  const paging = {
    kind: 'offset',
    ...(offset.name !== 'offset' && { variable: offset.name }),
    ...(limit.name !== 'limit' && { limit_variable: limit.name }),
    limit: PAGE,
  };
  return { query: document(name, [offset, limit], content), paging, note: null };
}

/** Rows of a page: what most servers allow. */
const PAGE = 100;

function document(field: string, args: readonly Field['args'][number][], content: string): string {
  if (args.length === 0) return `{ ${field} ${content} }`;
  const variables = args.map(({ name, type }) => `$${name}: ${String(type).replace(/!$/, '')}`).join(', ');
  const given = args.map(({ name }) => `${name}: $${name}`).join(', ');
  return `query (${variables}) { ${field}(${given}) ${content} }`;
}
