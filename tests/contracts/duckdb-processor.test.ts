import { tmpdir } from 'node:os';
import { afterAll } from 'vitest';
import { DuckDbProcessor } from '#adapters/processing/duckdb/duckdb-processor.ts';
import { DuckDbLoadedRelations } from '#adapters/storage/duckdb/duckdb-loaded-relations.ts';
import { DuckDbScratch } from '#adapters/storage/duckdb/duckdb-scratch.ts';
import { AdmissionQueue } from '#application/records/admission.ts';
import { processorContract } from './processor.ts';

const gate = new AdmissionQueue({ places: 2, maxWaiting: 100 });
const scratch = new DuckDbScratch({ memoryLimit: '256MB', threads: 2, folder: tmpdir() });
const loaded = new DuckDbLoadedRelations(scratch, gate);
afterAll(() => scratch.close());

processorContract('duckdb', async () => new DuckDbProcessor({ version: '1', stored: null, loaded, threads: 1 }), []);
