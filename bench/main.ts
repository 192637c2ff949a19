// npm run bench [-- --quick] [-- --only=bulk,streams] [-- --json=FILE]
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { type BenchGroup, createContext, removeContext } from './context.ts';
import { falls, formatTable, type Measurement } from './harness/table.ts';
import { analyses } from './rows/analysis.ts';
import { bulkUploads } from './rows/bulk.ts';
import { flight } from './rows/flight.ts';
import { graphqlReads } from './rows/graphql.ts';
import { largeReads, memory } from './rows/large.ts';
import { odata } from './rows/odata.ts';
import { pipelines } from './rows/pipelines.ts';
import { pipelinesSql } from './rows/pipelines-sql.ts';
import { postgres } from './rows/postgres.ts';
import { queues } from './rows/queue.ts';
import { pointReads, singleWrites } from './rows/single.ts';
import { sqlite } from './rows/sqlite.ts';
import { streams } from './rows/streams.ts';
import { webSockets } from './rows/websocket.ts';
import { workers } from './rows/workers.ts';

const GROUPS: readonly BenchGroup[] = [
  bulkUploads,
  streams,
  singleWrites,
  pointReads,
  flight,
  memory,
  largeReads,
  graphqlReads,
  webSockets,
  sqlite,
  postgres,
  analyses,
  queues,
  pipelines,
  pipelinesSql,
  odata,
  workers,
];

const { values } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, only: { type: 'string' }, json: { type: 'string' } },
});
const only = values.only?.split(',') ?? null;
const context = await createContext(values.quick);
const measurements: Measurement[] = [];
try {
  for (const group of GROUPS) {
    if (only !== null && !only.includes(group.name)) continue;
    console.log(`\n${group.name}`);
    const rows = await group.run(context);
    measurements.push(...rows);
    console.log(formatTable(rows));
  }
} finally {
  removeContext(context);
}
const short = measurements.filter(falls);
console.log(`\n${measurements.length} figures on ${cpus().length} cores, ${short.length} short of their least.`);
if (values.quick)
  console.log('A quick run shows that everything works; its figures are of too little work to mean much.');
if (values.json) writeFileSync(values.json, `${JSON.stringify({ quick: values.quick, measurements }, null, 2)}\n`);
