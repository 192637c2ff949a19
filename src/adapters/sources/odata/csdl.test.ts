import { expect, test } from 'vitest';
import { formatDbType } from '#domain/dataset/db-type.ts';
import { Csdl } from './csdl.ts';
import { describeRows } from './row-shape.ts';

const document = (schema: string) =>
  `<?xml version="1.0"?><edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>${schema}</edmx:DataServices></edmx:Edmx>`;

const property = (name: string, type: string, more = '') => `<Property Name="${name}" Type="${type}" ${more}/>`;

const EVERY = [
  ['Binary', '', 'VARCHAR'],
  ['Boolean', '', 'BOOLEAN'],
  ['Byte', '', 'SMALLINT'],
  ['Date', '', 'DATE'],
  ['DateTimeOffset', 'Precision="7"', 'TIMESTAMP'],
  ['Decimal', 'Precision="18" Scale="4"', 'DECIMAL(18,4)'],
  ['Double', '', 'DOUBLE'],
  ['Duration', '', 'VARCHAR'],
  ['Guid', '', 'UUID'],
  ['Int16', '', 'SMALLINT'],
  ['Int32', '', 'INTEGER'],
  ['Int64', '', 'BIGINT'],
  ['SByte', '', 'SMALLINT'],
  ['Single', '', 'DOUBLE'],
  ['String', 'MaxLength="10"', 'VARCHAR'],
  ['TimeOfDay', '', 'TIME'],
  ['GeographyPoint', '', 'JSON'],
  ['GeometryPolygon', '', 'JSON'],
  ['Untyped', '', 'JSON'],
] as const;

const XML = document(`
  <Schema xmlns="http://docs.oasis-open.org/odata/ns/edm" Namespace="Types.V1" Alias="T">
    <EnumType Name="State"><Member Name="open" Value="1"/></EnumType>
    <TypeDefinition Name="Weight" UnderlyingType="Edm.Int64"/>
    <ComplexType Name="Map">${property('x', 'Edm.Double', 'Nullable="false"')}</ComplexType>
    <ComplexType Name="Place">${property('city', 'Edm.String')}${property('map', 'T.Map')}${property('next', 'T.Place')}</ComplexType>
    <ComplexType Name="Loose" OpenType="true">${property('a', 'Edm.String')}</ComplexType>
    <EntityType Name="Base" Abstract="true"><Key><PropertyRef Name="a"/><PropertyRef Name="b"/></Key>
      ${property('a', 'Edm.Int32', 'Nullable="false"')}${property('b', 'Edm.String', 'Nullable="false"')}
      <NavigationProperty Name="parts" Type="Collection(T.Part)"/></EntityType>
    <EntityType Name="Part"><Key><PropertyRef Name="n"/></Key>${property('n', 'Edm.Int32', 'Nullable="false"')}</EntityType>
    <EntityType Name="Well" BaseType="T.Base">
      ${EVERY.map(([name, facets]) => property(name, `Edm.${name}`, facets)).join('')}
      ${property('state', 'T.State')}${property('weight', 'Types.V1.Weight')}${property('tags', 'Collection(Edm.String)')}
      ${property('place', 'T.Place')}${property('loose', 'T.Loose')}${property('photo', 'Edm.Stream')}
      ${property('d1', 'Edm.Decimal')}${property('d2', 'Edm.Decimal', 'Scale="variable" Precision="20"')}${property('d3', 'Edm.Decimal', 'Precision="5"')}
    </EntityType>
  </Schema>
  <Schema xmlns="http://docs.oasis-open.org/odata/ns/edm" Namespace="Service">
    <EntityContainer Name="Container"><EntitySet Name="Wells" EntityType="T.Well"/></EntityContainer>
  </Schema>`);

const csdl = new Csdl(XML);
const columnsOf = (choice: Partial<Parameters<typeof describeRows>[2]> = {}) => {
  const type = csdl.type(csdl.typeAt('Wells') ?? '');
  if (type === null) throw new Error('no type');
  const described = describeRows(csdl, type, { select: null, expand: null, complex: 'flatten', ...choice });
  const columns = described.columns.map(({ name, dbType, nullable }) => [name, formatDbType(dbType), nullable]);
  return { ...described, columns };
};

test('every primitive type has a column type', () => {
  const { columns } = columnsOf();
  for (const [name, , type] of EVERY) expect(columns).toContainEqual([name, type, true]);
});

test('base types, enumerations, type definitions, collections and decimals of any scale', () => {
  const { columns, key, hasLongNumbers } = columnsOf();
  expect(key).toEqual(['a', 'b']);
  expect(hasLongNumbers).toBe(true);
  expect(columns.slice(0, 2)).toEqual([
    ['a', 'INTEGER', false],
    ['b', 'VARCHAR', false],
  ]);
  expect(columns.slice(2 + EVERY.length)).toEqual([
    ['state', 'VARCHAR', true],
    ['weight', 'BIGINT', true],
    ['tags', 'JSON', true],
    ['place_city', 'VARCHAR', true],
    ['place_map_x', 'DOUBLE', true],
    ['place_next', 'JSON', true],
    ['loose', 'JSON', true],
    ['d1', 'DECIMAL(38,10)', true],
    ['d2', 'DECIMAL(38,10)', true],
    ['d3', 'DECIMAL(5,0)', true],
  ]);
});

test('only what is chosen, and what is expanded as JSON', () => {
  const { columns, key } = columnsOf({
    select: ['a', 'place/city', 'weight'],
    expand: ['parts($select=n,m;$filter=n gt 1),other/more', 'last'],
  });
  expect(key).toEqual([]);
  expect(columns.map(([name]) => name)).toEqual(['a', 'weight', 'place_city', 'parts', 'other', 'last']);
});

test('complex properties as JSON', () => {
  expect(columnsOf({ complex: 'json' }).columns).toContainEqual(['place', 'JSON', true]);
});

test('paths through entities', () => {
  expect(csdl.typeAt("Wells(a=1,b='x')/parts")).toBe('T.Part');
  expect(csdl.typeAt('Wells/Types.V1.Base/parts')).toBe('T.Part');
  expect(csdl.typeAt('Wells/nothing')).toBe(null);
  expect(csdl.typeAt('Nothing')).toBe(null);
  expect(csdl.type('T.Part')?.key).toEqual(['n']);
});

test.each(['', 'not XML', '<a><b></a>', '<html><body/></html>', document('')])('%j is no description', (xml) => {
  expect(() => new Csdl(xml)).toThrow('$metadata of the service');
});
