import { serveLibrary } from '../worker/serve-library.ts';
import { arqueroLibrary } from './arquero-library.ts';

serveLibrary(arqueroLibrary);
