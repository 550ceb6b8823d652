import type { ListedModel, LoadRun } from './load-run.ts'

/** Most rows are of one size, the largest up to this: what the promises are stated for. */
const mainDocumentsMax = 50_000

/** An index as rows name it. */
export interface MeasuredIndex {
  readonly name: string
  readonly model: string
  readonly digest: string
  readonly documents: number
}

export function mainDocuments({ settings }: LoadRun): number {
  return settings.documents.filter(count => count <= mainDocumentsMax).at(-1) ?? settings.documents[0]!
}

/** The index that most rows are of, by one of the two models; built if it is not there. */
export async function mainIndex(run: LoadRun, kind: 'qnet' | 'dense'): Promise<MeasuredIndex> {
  const models = await run.models()
  return measuredIndex(run, models[kind], mainDocuments(run))
}

export async function measuredIndex(run: LoadRun, model: ListedModel, documents: number): Promise<MeasuredIndex> {
  const name = await run.indexes.ensure(model.name, documents)
  return { name, model: model.name, digest: model.digest, documents }
}
