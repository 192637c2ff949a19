import { openPolarsProcessor } from '#adapters/processing/polars/polars-processor.ts';
import { processorContract } from './processor.ts';

processorContract('polars', () => openPolarsProcessor({ threads: 1 }), ['sample', 'regression', 'forecast']);
