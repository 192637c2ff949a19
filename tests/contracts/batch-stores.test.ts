import { describeBatchStore } from './batch-store/batch-store.ts';
import { openLocal, openOverServer } from './batch-store/fixture.ts';

describeBatchStore('the store of this process', () => openLocal());
describeBatchStore('the store of a server over Flight', () => openOverServer('flight'));
describeBatchStore('the store of a server over JSON', () => openOverServer('json'));
