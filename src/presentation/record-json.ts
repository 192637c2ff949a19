import type { Dataset } from '#domain/dataset/dataset.ts';
import { type RenderRecord, recordRenderer } from '#formats/json/render-record.ts';

const renderers = new WeakMap<Dataset, RenderRecord>();

/** Renders whole records of a dataset; the renderer of each is made once. */
export function recordJson(dataset: Dataset): RenderRecord {
  const known = renderers.get(dataset);
  if (known) return known;
  const render = recordRenderer(dataset, null);
  renderers.set(dataset, render);
  return render;
}
