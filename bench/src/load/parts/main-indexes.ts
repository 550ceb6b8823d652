import type { LoadRun } from '../load-run.ts'

/** Most rows are of one size, the largest up to this: what the promises are stated for. */
const mainDocumentsMax = 50_000

/** An index as rows name it. */
export interface MeasuredIndex {
  readonly name: string
  readonly model: string
  readonly digest: string
  readonly documents: number
}

interface ListedModel {
  readonly name: string
  readonly digest: string
  readonly qnet: { readonly vector_dimensions: readonly number[] }
}

export function mainDocuments({ settings }: LoadRun): number {
  return settings.documents.filter(count => count <= mainDocumentsMax).at(-1) ?? settings.documents[0]!
}

/** Builds what is missing of the two indexes that most rows are of, and waits until the cluster is quiet. */
export async function mainIndexes(
  run: LoadRun,
): Promise<{ readonly qnet: MeasuredIndex; readonly dense: MeasuredIndex }> {
  const { qnet, dense } = await modelsOf(run)
  const documents = mainDocuments(run)
  return { qnet: await measuredIndex(run, qnet, documents), dense: await measuredIndex(run, dense, documents) }
}

/** The first model is the q-net model, the dense one is the first whose query is a single vector. */
export async function modelsOf(run: LoadRun): Promise<{ readonly qnet: ListedModel; readonly dense: ListedModel }> {
  const { models } = await run.api.send<{ models: ListedModel[] }>('GET', '/v1/models')
  const qnet = models[0]!
  const dense = models.find(model => model !== qnet && model.qnet.vector_dimensions.length === 2)
  if (dense === undefined) throw new Error('--models: name a dense model too, whose query is one vector')
  return { qnet, dense }
}

export async function measuredIndex(run: LoadRun, model: ListedModel, documents: number): Promise<MeasuredIndex> {
  const name = await run.indexes.ensure(model.name, documents)
  return { name, model: model.name, digest: model.digest, documents }
}
