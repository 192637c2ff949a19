/** The datasets that the tests of the REST API are about, as files. */
export const DATASET_FILES: Readonly<Record<string, string>> = {
  'wells.yaml': `
name: wells
description: Wells and what they gave in a month
primary_key: [field_code, well_code]
properties:
  - {name: field_code, type: integer, description: Number of the field}
  - {name: well_code, type: string, max_length: 20}
  - {name: oil, type: number, db_type: "DECIMAL(18,4)", minimum: 0}
  - {name: days, type: integer, db_type: SMALLINT, minimum: 0, maximum: 31}
  - {name: status, type: string, enum: [open, shut], default: open}
`,
  'notes.yaml': `
name: notes
properties:
  - {name: text, type: string, required: true}
  - {name: rank, type: integer}
  - {name: tag, type: string, unique: true}
`,
  'every.yaml': `
name: every
properties:
  - {name: text, type: string}
  - {name: big, type: integer}
  - {name: int, type: integer, db_type: INTEGER}
  - {name: small, type: integer, db_type: SMALLINT}
  - {name: double, type: number}
  - {name: price, type: number, db_type: "DECIMAL(18,4)"}
  - {name: flag, type: boolean}
  - {name: day, type: string, db_type: DATE}
  - {name: time, type: string, db_type: TIME}
  - {name: moment, type: string, db_type: TIMESTAMP}
  - {name: ref, type: string, db_type: UUID}
  - {name: list, type: array}
  - {name: extra, type: object}
`,
  'odd.yaml': `
name: "odd näme / 100%"
table_name: odd
properties:
  - {name: id, type: integer}
  - {name: Version, type: string}
  - {name: 'a "quoted" näme', type: string}
  - {name: data, type: object}
`,
  'loose.json':
    '{"name": "loose", "additional_properties": "ignore", "properties": [{"name": "x", "type": "integer"}]}',
};

export const ODD = encodeURIComponent('odd näme / 100%');
