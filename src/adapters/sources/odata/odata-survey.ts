import type { SourceOpening, Survey, SurveyRequest } from '#application/ports/source.ts';
import { DataForgeError } from '#domain/errors.ts';
import { readMembers } from '#domain/file/read-members.ts';
import { chooseRelation } from '../shared/choose-relation.ts';
import { firstAnswer, isHttp, surveyedAddress, surveySession } from '../shared/http/survey-http.ts';
import { ODATA_OPTIONS } from './odata-options.ts';
import { ODataService } from './odata-service.ts';

/** Bytes among which an answer names its context. */
const LOOKED_AT = 10_000;

/** What an answer of OData says of where it comes from. */
interface Context {
  /** The address of the service. */
  readonly service: URL;
  /** null at the root of the service. */
  readonly entity: string | null;
}

/** A service of OData, or one of its entity sets, known by the context that its answers name. */
export async function surveyOData(request: SurveyRequest, opening: SourceOpening): Promise<Survey | null> {
  if (!isHttp(request.address)) return null;
  const { url, members } = surveyedAddress(request);
  url.pathname = url.pathname.replace(/\/\$metadata$/, '/');
  const session = surveySession({ url, members }, opening);
  const headers = { accept: 'application/json', prefer: 'odata.maxpagesize=1' };
  const { bytes } = await firstAnswer(session, url, { headers }, LOOKED_AT);
  const context = contextOf(bytes.toString('utf8', 0, LOOKED_AT), url);
  if (context === null && !request.isNamed) return null;
  const service = context?.service ?? url;
  const named = request.relation ?? context?.entity ?? null;
  const options = readMembers({ url: service.href, ...members, entity: named ?? '-' }, ODATA_OPTIONS, 'source');
  const { csdl, rows } = await new ODataService(options, { ...opening, note: () => {} }).describe();
  if (csdl === null) {
    throw new DataForgeError(
      'source_failed',
      `The service ${service.href} gives no $metadata that tells of its entity sets.`,
    );
  }
  const entity = chooseRelation(csdl.sets, named, { place: 'The service', relation: 'entity set' });
  if (entity !== named)
    return surveyOData({ ...request, address: service.href, relation: entity, isNamed: true }, opening);
  return {
    members: { url: service.href, ...members, entity },
    name: entity,
    notes: [],
    description: { columns: rows.columns, key: rows.key },
    gives: 'all rows',
    incremental: (field) => ({ field }),
  };
}

/** `…/$metadata` at the root of a service, `…/$metadata#Wells` or `#Wells(id,name)` at an entity set. */
function contextOf(json: string, asked: URL): Context | null {
  const [, found] = /"@(?:odata\.)?context"\s*:\s*"([^"]+)"/.exec(json) ?? [];
  if (found === undefined || !found.includes('$metadata') || !URL.canParse(found, asked)) return null;
  const context = new URL(found, asked);
  const [, set] = /^#([^(/]+)/.exec(context.hash) ?? [];
  if (set === undefined) return { service: asked, entity: null };
  // A service behind another may name an address at which only that one reaches it.
  const path = context.origin === asked.origin ? context.pathname : `${asked.pathname.replace(/\/[^/]*\/?$/, '')}/`;
  return { service: new URL(asked.origin + path.replace(/\/?\$metadata$/, '')), entity: decodeURIComponent(set) };
}
