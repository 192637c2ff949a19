import { openArqueroProcessor } from '#adapters/processing/arquero/arquero-processor.ts';
import { processorContract } from './processor.ts';

const open = () => openArqueroProcessor({ threads: 1, heapMegabytes: 512 });

processorContract('arquero', open, ['sample', 'regression', 'forecast']);
