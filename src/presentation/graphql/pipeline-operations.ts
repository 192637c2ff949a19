import {
  GraphQLBoolean,
  GraphQLEnumType,
  GraphQLFloat,
  GraphQLInt,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLString,
} from 'graphql';
import type { PipelineStatus } from '#application/pipelines/queries/list-pipelines.ts';
import type { UseCases } from '#application/use-cases.ts';
import { type PipelineRun, rowsOf, starterOf } from '#domain/pipeline/run.ts';
import { RUN_STARTERS } from '#domain/run/run-record.ts';
import { workJson } from '../pipeline-json.ts';
import { number } from './arguments.ts';
import { endable } from './endable.ts';
import type { GraphqlContext, Operation } from './operation.ts';
import { SCALARS, UUID } from './scalars.ts';

const TEXT = new GraphQLNonNull(GraphQLString);
const FIGURE = new GraphQLNonNull(SCALARS.BIGINT);

const STATE = new GraphQLEnumType({
  name: 'PipelineRunState',
  values: Object.fromEntries(
    ['waiting', 'running', 'succeeded', 'failed', 'cancelled', 'died'].map((state) => [
      state.toUpperCase(),
      { value: state },
    ]),
  ),
});

const WINDOW = new GraphQLObjectType({
  name: 'PipelineWindow',
  description:
    'What a backfill reads: values of the incremental field from the first on, up to the second, which is not in it.',
  fields: { from: { type: TEXT }, to: { type: TEXT } },
});

const RUN = new GraphQLObjectType({
  name: 'PipelineRun',
  description: 'One run of a pipeline, under way or as it ended.',
  fields: {
    id: { type: new GraphQLNonNull(UUID) },
    pipeline: { type: TEXT },
    dataset: { type: GraphQLString, description: 'Null where the pipeline has a job.' },
    state: { type: new GraphQLNonNull(STATE) },
    caller: { type: TEXT },
    startedBy: { type: TEXT, description: `What has begun it: ${RUN_STARTERS.join(', ')}.` },
    backfill: { type: WINDOW },
    startedAt: { type: new GraphQLNonNull(SCALARS.TIMESTAMP) },
    endedAt: { type: SCALARS.TIMESTAMP },
    part: { type: GraphQLFloat, description: 'Which part of the whole is done, from 0 to 1, where that is known.' },
    rows: { type: FIGURE, description: 'Rows that the source has given.' },
    bytes: { type: FIGURE },
    batches: { type: FIGURE },
    created: { type: FIGURE },
    updated: { type: FIGURE },
    deleted: { type: FIGURE },
    ignored: { type: FIGURE },
    rejected: { type: FIGURE },
    retries: { type: FIGURE },
    error: { type: GraphQLString },
    log: { type: new GraphQLNonNull(new GraphQLList(TEXT)) },
    rolledBackAt: { type: SCALARS.TIMESTAMP },
  },
});

const PIPELINE = new GraphQLObjectType({
  name: 'Pipeline',
  fields: {
    name: { type: TEXT },
    description: { type: GraphQLString },
    source: { type: GraphQLString, description: 'The kind of its source; null where it has a job.' },
    dataset: { type: GraphQLString, description: 'The dataset that takes the rows; null where it has a job.' },
    mode: { type: GraphQLString },
    contract: { type: GraphQLString },
    job: { type: GraphQLString, description: 'The kind of its job; null where it moves rows.' },
    paused: { type: GraphQLBoolean, description: 'Null where it runs only when somebody asks for it.' },
    nextAt: { type: SCALARS.TIMESTAMP, description: 'When it is due next, where that is known.' },
    lastRun: { type: RUN },
  },
});

const UNDONE = new GraphQLObjectType({
  name: 'PipelineRollback',
  fields: {
    run: { type: new GraphQLNonNull(RUN) },
    records: { type: FIGURE, description: 'Records that are as before the run.' },
    cursorReset: { type: new GraphQLNonNull(GraphQLBoolean), description: 'The next run fetches its rows again.' },
  },
});

const REPLAYED = new GraphQLObjectType({
  name: 'PipelineReplay',
  fields: { stored: { type: FIGURE }, left: { type: FIGURE } },
});

interface PipelineOperations {
  readonly query: Readonly<Record<string, Operation>>;
  readonly mutation: Readonly<Record<string, Operation>>;
  readonly subscription: Readonly<Record<string, Operation>>;
}

/** Pipelines and their runs in the roots of Query, Mutation and Subscription. */
export function pipelineOperations(useCases: UseCases): PipelineOperations {
  const named = { name: { type: TEXT } };
  const ofRun = { id: { type: new GraphQLNonNull(UUID) } };
  const wait = { type: GraphQLInt, description: 'Milliseconds to wait for its end.' };
  const pipeline = new GraphQLNonNull(PIPELINE);
  const run = new GraphQLNonNull(RUN);
  const hold = (paused: boolean): NonNullable<Operation['resolve']> => {
    return async (_, { name }, context) => {
      await useCases.pausePipeline({ name: String(name), paused }, context.call());
      return shownPipeline(await useCases.getPipeline({ name: String(name) }, context.call()));
    };
  };
  return {
    query: {
      pipelines: {
        description: 'The pipelines in the order of their names.',
        type: new GraphQLNonNull(new GraphQLList(pipeline)),
        resolve: async (_, _args, context) => (await useCases.listPipelines({}, context.call())).map(shownPipeline),
      },
      pipeline: {
        type: pipeline,
        args: named,
        resolve: async (_, { name }, context) =>
          shownPipeline(await useCases.getPipeline({ name: String(name) }, context.call())),
      },
      pipelineRuns: {
        description: 'The last runs of a pipeline, the newest first.',
        type: new GraphQLNonNull(new GraphQLList(run)),
        args: { pipeline: { type: TEXT }, limit: { type: GraphQLInt } },
        resolve: async (_, args, context) => {
          const asked = { pipeline: String(args.pipeline), limit: number(args.limit) };
          return (await useCases.listRuns(asked, context.call())).map(shownRun);
        },
      },
      pipelineRun: {
        type: run,
        args: { ...ofRun, wait },
        resolve: async (_, args, context) =>
          shownRun(await useCases.getRun({ id: String(args.id), wait: number(args.wait) }, context.call())),
      },
    },
    mutation: {
      runPipeline: {
        description: 'Begins a run of a pipeline.',
        type: run,
        args: { ...named, wait },
        resolve: async (_, args, context) => {
          const asked = { pipeline: String(args.name), wait: number(args.wait) ?? 0 };
          return shownRun(await useCases.runPipeline(asked, context.call()));
        },
      },
      backfillPipeline: {
        description:
          'Begins a run that reads a window of values of the incremental field, and leaves the cursor where it is.',
        type: run,
        args: { ...named, from: { type: TEXT }, to: { type: TEXT }, wait },
        resolve: async (_, { name, from, to, ...args }, context) => {
          const window = { from: String(from), to: String(to) };
          const asked = { pipeline: String(name), ...window, wait: number(args.wait) ?? 0 };
          return shownRun(await useCases.backfillPipeline(asked, context.call()));
        },
      },
      cancelPipelineRun: {
        description: 'Ends a run; what it stored stands.',
        type: run,
        args: ofRun,
        resolve: async (_, { id }, context) => shownRun(await useCases.cancelRun({ id: String(id) }, context.call())),
      },
      pausePipeline: { description: 'Holds its schedule.', type: pipeline, args: named, resolve: hold(true) },
      resumePipeline: {
        description: 'Lets its schedule go on; what was due meanwhile is not caught up.',
        type: pipeline,
        args: named,
        resolve: hold(false),
      },
      resetPipeline: {
        description: 'Forgets how far it has come; its next run reads from the beginning.',
        type: pipeline,
        args: named,
        resolve: async (_, { name }, context) => {
          await useCases.resetPipeline({ name: String(name) }, context.call());
          return shownPipeline(await useCases.getPipeline({ name: String(name) }, context.call()));
        },
      },
      replayPipeline: {
        description: 'Tries the rows set aside once more.',
        type: new GraphQLNonNull(REPLAYED),
        args: named,
        resolve: (_, { name }, context) => useCases.replayRows({ name: String(name) }, context.call()),
      },
      rollBackPipelineRun: {
        description: 'Undoes what a run did.',
        type: new GraphQLNonNull(UNDONE),
        args: ofRun,
        resolve: async (_, { id }, context) => {
          const undone = await useCases.rollBackRun({ id: String(id) }, context.call());
          return { ...undone, run: shownRun(undone.run) };
        },
      },
    },
    subscription: {
      followPipelineRun: {
        description: 'A run each time that it gets on, and at last as it ended.',
        type: run,
        args: ofRun,
        subscribe: async (_, { id }, context: GraphqlContext) => {
          const call = context.call();
          const ending = new AbortController();
          const signal = AbortSignal.any([call.signal, ending.signal]);
          return endable(await useCases.followRun({ id: String(id) }, { ...call, signal }), ending);
        },
        resolve: (told) => shownRun(told as PipelineRun),
      },
    },
  };
}

function shownPipeline({ pipeline, lastRun, schedule, paused }: PipelineStatus) {
  const { name, description } = pipeline;
  return {
    name,
    description,
    ...workJson(pipeline),
    paused,
    nextAt: timeOf(schedule?.nextAt ?? null),
    lastRun: lastRun && shownRun(lastRun),
  };
}

function shownRun(run: PipelineRun) {
  const { counts, log, window = null, error, startedAt, endedAt, rolledBackAt } = run;
  return {
    ...run,
    ...counts,
    startedBy: starterOf(run),
    backfill: window,
    rows: rowsOf(counts),
    startedAt: timeOf(startedAt),
    endedAt: timeOf(endedAt),
    rolledBackAt: timeOf(rolledBackAt),
    log: log.map(({ message }) => message),
    error: error?.message ?? null,
  };
}

function timeOf(milliseconds: number | null): string | null {
  return milliseconds === null ? null : new Date(milliseconds).toISOString();
}
