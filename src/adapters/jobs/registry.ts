import type { RegisteredJob } from '#application/ports/registered-job.ts';
import { backupJob } from './backup-job.ts';
import { checkJob } from './check-job.ts';
import { compactJob } from './compact-job.ts';
import { exportJob } from './export-job.ts';
import { trimHistoryJob } from './trim-history-job.ts';

/** What a pipeline file may name as its job. */
export const JOBS: readonly RegisteredJob[] = [backupJob, checkJob, compactJob, exportJob, trimHistoryJob];
