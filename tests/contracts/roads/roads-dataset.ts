import { everyType, property } from '../../support/dataset-builders.ts';

const everything = everyType('roads');

/** One property of every type, decimals of every kind. */
export const ROADS = {
  ...everything,
  properties: [
    ...everything.properties,
    property('list', 'JSON', { type: 'array' }),
    property('wide', 'DECIMAL(38,20)'),
    property('fine', 'DECIMAL(18,17)'),
    property('huge', 'DECIMAL(38,0)'),
    property('unit', 'DECIMAL(3,3)'),
  ],
};
