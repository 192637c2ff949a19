import { serveLibrary } from '../worker/serve-library.ts';
import { polarsLibrary } from './polars-library.ts';

serveLibrary(polarsLibrary);
