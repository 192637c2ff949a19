import { hostname } from 'node:os';
import type { Clock } from '#application/ports/clock.ts';
import type { StorageEngine } from '#application/ports/storage-engine.ts';
import type { Telemetry } from '#application/ports/telemetry.ts';
import { forgetOldRuns } from '#application/runs/forget-old-runs.ts';
import { PeakMemory } from '#application/runs/peak-memory.ts';
import { RunRecorder } from '#application/runs/run-recorder.ts';
import { settleLeftRuns } from '#application/runs/settle-left-runs.ts';
import type { Config } from '#config';
import type { RunSurroundings } from '#domain/run/run-record.ts';

interface RunRecordingOptions {
  readonly config: Config;
  readonly engine: StorageEngine;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly version: string;
}

/** What records runs, and sees to it that the records stay true and bounded. */
interface RunRecording {
  readonly recorder: RunRecorder;
  readonly memory: PeakMemory;
  readonly surroundings: RunSurroundings;
  /**
   * Settles from time to time what processes that are gone have left, and forgets what is old.
   * @param settlePipelineRun as `settleLeftRuns` takes it
   */
  begin(settlePipelineRun: (id: string) => Promise<boolean>): void;
  close(): Promise<void>;
}

const SETTLE_EVERY = 60_000;
const FORGET_EVERY = 3_600_000;

/** Everything that the records of runs need, wired. */
export function createRunRecording({ config, engine, clock, telemetry, version }: RunRecordingOptions): RunRecording {
  const { writer, reader, maintenance, capabilities } = engine;
  const instance = newInstanceName();
  const memory = new PeakMemory(residentMemory);
  const surroundings = { engine: engine.name, softwareVersion: version, instance, settings: settingsOf(config) };
  const recorder = new RunRecorder({ writer, clock, telemetry, memory, surroundings });
  const timers: NodeJS.Timeout[] = [];
  let atWork: Promise<unknown> = Promise.resolve();
  const keepDoing = (milliseconds: number, work: () => Promise<void>) => {
    const turn = () => {
      atWork = atWork
        .then(work)
        .catch((err: unknown) => telemetry.warn('the records of runs are not looked after', { err }));
    };
    turn();
    timers.push(setInterval(turn, milliseconds).unref());
  };
  return {
    recorder,
    memory,
    surroundings,
    begin(settlePipelineRun) {
      const isShared = capabilities.sharedByInstances;
      const settling = { reader, writer, clock, instance, isShared, hasEnded, settlePipelineRun };
      keepDoing(SETTLE_EVERY, () => settleLeftRuns(settling));
      const forgetting = { writer, maintenance, clock, keptFor: config.runRetention };
      keepDoing(FORGET_EVERY, () => forgetOldRuns(forgetting));
    },
    async close() {
      for (const timer of timers) clearInterval(timer);
      await atWork;
      await recorder.close();
    },
  };
}

/** The memory of this process as the system counts it, in bytes: what an engine within it has is part of it. */
export function residentMemory(): number {
  return process.memoryUsage.rss();
}

/** A name that no other process has, nor one that has the same number on the same machine later. */
export function newInstanceName(): string {
  return `${hostname()} ${process.pid} ${crypto.randomUUID().slice(0, 8)}`;
}

/** Whether a process that has such a name was one of this machine and is gone. */
function hasEnded(instance: string): boolean {
  const [, host, pid] = /^(.*) (\d+) \S+$/.exec(instance) ?? [];
  if (host !== hostname()) return false;
  if (Number(pid) === process.pid) return true;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

function settingsOf(config: Config): Readonly<Record<string, unknown>> {
  return {
    engine_memory: config.engineMemory,
    engine_threads: config.engineThreads,
    processor_memory: config.processorMemory,
    max_analyses: config.maxAnalyses,
    pipeline_runs: config.pipelineRuns,
  };
}
