import { externalArchitecture, type GenerationRecord } from '@hypershard/storage'

/** What vectors the documents of an index may come with. */
export interface VectorRule {
  readonly width: number
  /** The digest of the model that must have made them. */
  readonly model: string
  /** Whether nothing else makes vectors for the index, so that every document must come with one. */
  readonly external: boolean
}

export function vectorRuleOf({
  model,
  vectorWidth: width,
}: Pick<GenerationRecord, 'model' | 'vectorWidth'>): VectorRule {
  return { width, model: model.digest, external: externalArchitecture(model) !== undefined }
}
