/** Runs a pipeline of a server to its end. */
export async function runPipeline(url: string, pipeline: string): Promise<void> {
  const response = await fetch(`${url}/api/v1/pipelines/${pipeline}/runs?wait_ms=600000`, { method: 'POST' });
  const { state, error } = (await response.json()) as { state: string; error: unknown };
  if (state !== 'succeeded') throw new Error(`the run ended as ${state}: ${JSON.stringify(error)}`);
}
