import { DataForgeError } from '#domain/errors.ts';
import type { RowPipeline } from '#domain/pipeline/pipeline.ts';
import { type PushOptions, pushOptions, type SignatureScheme } from '#domain/pipeline/push.ts';
import type { Call } from '../../call.ts';
import { type Caller, requireRight } from '../../caller.ts';
import type { DatasetCatalog } from '../../datasets/dataset-catalog.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Secrets } from '../../ports/secrets.ts';
import type { Telemetry } from '../../ports/telemetry.ts';
import type { PipelineCatalog } from '../pipeline-catalog.ts';
import { isAuthentic, type SignedRequest } from '../push/check-signature.ts';
import type { EventIntake } from '../push/event-intake.ts';
import { eventsOf, type TakenEvents } from '../push/pushed-event.ts';

export interface PushEventsRequest extends SignedRequest {
  readonly pipeline: string;
  /** Who sends them, where the pipeline asks for no signature. @throws DataForgeError `unauthorized` */
  readonly identify: () => Caller;
  /** The events as NDJSON; asked for once it is known who sends them. @throws DataForgeError `invalid_body` */
  readonly lines: () => Promise<Uint8Array>;
}

interface PushEventsPorts {
  readonly catalog: DatasetCatalog;
  readonly pipelines: PipelineCatalog;
  readonly events: EventIntake;
  readonly secrets: Secrets;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

/** Takes events for a pipeline whose source is of the kind push; when it resolves, they are on disk. */
export function pushEvents(ports: PushEventsPorts) {
  return async (request: PushEventsRequest, call: Call): Promise<TakenEvents> => {
    const { pipeline, options } = takingPipeline(ports.pipelines, request.pipeline);
    if (options.signature === null) requireRight(request.identify(), 'write');
    else requireSignature(ports, pipeline, options.signature, request);
    const { dataset } = ports.catalog.get(pipeline.target.dataset);
    call.observation.dataset = dataset.name;
    const events = eventsOf(options, await request.lines(), request);
    const taken = await ports.events.take(pipeline, events);
    call.observation.rows += taken.stored;
    return taken;
  };
}

/** @throws DataForgeError `unknown_pipeline`, which says nothing of the pipelines that there are */
function takingPipeline(
  pipelines: PipelineCatalog,
  name: string,
): { readonly pipeline: RowPipeline; readonly options: PushOptions } {
  const pipeline = pipelines.list().find((candidate) => candidate.name === name);
  const options = pipeline?.kind === 'rows' ? pushOptions(pipeline) : null;
  if (pipeline?.kind === 'rows' && options !== null) return { pipeline, options };
  throw new DataForgeError('unknown_pipeline', 'There is no pipeline of this name that takes events.');
}

/** @throws DataForgeError `unauthorized`; `unavailable` where a secret is missing, whose name only the log has */
function requireSignature(
  { secrets, clock, telemetry }: PushEventsPorts,
  { name }: RowPipeline,
  scheme: SignatureScheme,
  request: SignedRequest,
): void {
  let keys: readonly string[];
  try {
    keys = scheme.secret.map(({ secret }) => secrets.get(secret));
    if (keys.includes('')) throw new DataForgeError('invalid_configuration', 'A secret of the signature is empty.');
  } catch (err) {
    telemetry.warn('events cannot be checked', { pipeline: name, err });
    throw new DataForgeError('unavailable', 'Events cannot be checked now; the log of the server says why.');
  }
  if (isAuthentic(scheme, keys, request, clock.now())) return;
  throw new DataForgeError('unauthorized', 'The request does not carry a valid signature.');
}
