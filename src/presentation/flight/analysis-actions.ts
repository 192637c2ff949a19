import type { AnalysisRun } from '#application/analysis/analysis-run.ts';
import type { Call } from '#application/call.ts';
import type { UseCases } from '#application/use-cases.ts';
import { JsonNumber } from '#domain/record/json.ts';
import { ANALYSIS_MEMBERS, analysisJob, readAnalyseRequest } from '../analysis-json.ts';
import { invalid, parseObject, textMember } from '../json-body.ts';

/** The actions of analyses: the job as JSON first, then the pieces of the Arrow IPC stream of its result, where it is done. */
export async function analysisAction(
  type: 'Analyse' | 'GetAnalysis' | 'CancelAnalysis',
  body: Uint8Array,
  useCases: UseCases,
  call: Call,
): Promise<Uint8Array[]> {
  const run = await runOf(type, body, useCases, call);
  const answer: Uint8Array[] = [Buffer.from(JSON.stringify(analysisJob(run)))];
  if (type === 'CancelAnalysis' || run.state !== 'done') return answer;
  const { bytes } = await useCases.streamAnalysisResult({ id: run.id, format: 'arrow' }, call);
  for await (const piece of bytes) answer.push(piece);
  return answer;
}

async function runOf(type: string, body: Uint8Array, useCases: UseCases, call: Call): Promise<AnalysisRun> {
  if (type === 'Analyse') {
    const asked = readAnalyseRequest(parseObject(body, ANALYSIS_MEMBERS));
    return (await useCases.analyse(asked, call)).run;
  }
  if (type === 'CancelAnalysis')
    return useCases.cancelAnalysis({ id: textMember(parseObject(body, ['id']), 'id') }, call);
  const json = parseObject(body, ['id', 'wait_ms']);
  const wait = json.get('wait_ms') ?? null;
  if (wait !== null && !(wait instanceof JsonNumber)) throw invalid('/wait_ms', 'wait_ms must be a number.');
  return useCases.getAnalysis({ id: textMember(json, 'id'), wait: wait === null ? null : Number(wait.text) }, call);
}
